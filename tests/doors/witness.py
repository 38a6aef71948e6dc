"""A real mosquitto for tests, and a client beside ours that sees what is on it."""

import json
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 10.0


class Broker:
    """One mosquitto process with its settings; `port` stays the same over restarts."""

    def __init__(self, program, folder, port, *more):
        self.port = port
        self._program = program
        self._settings = folder / f"mosquitto-{port}.conf"
        lines = more or ("allow_anonymous true",)
        text = "\n".join([f"listener {port} 127.0.0.1", "persistence false", *lines])
        self._settings.write_text(text + "\n", "utf-8")
        self._process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([self._program, "-c", str(self._settings)], **quiet)
        wait_for_port(self.port)

    def stop(self):
        if self._process:
            self._process.terminate()
            self._process.wait(PATIENCE_S)
            self._process = None

    @contextmanager
    def witness(self, *topics, **how):
        """A client that is subscribed and keeps all it hears."""
        seen = Witness(self.port, topics or ("#",), **how)
        try:
            yield seen
        finally:
            seen.close()


class Witness:
    """What another client of the broker sees."""

    def __init__(self, port, topics, user="", password="", ca=None):
        self.values, self.history = {}, []
        self._news = threading.Condition()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        if user:
            self._client.username_pw_set(user, password)
        if ca:
            self._client.tls_set(ca_certs=str(ca))
        ready = threading.Event()
        self._client.on_message = self._heard
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([(topic, 1) for topic in topics])
        self._client.loop_start()
        assert ready.wait(PATIENCE_S)

    def _heard(self, _, __, message):
        with self._news:
            self.values[message.topic] = message.payload.decode()
            self.history.append((message.topic, message.payload.decode(), bool(message.retain)))
            self._news.notify_all()

    def until(self, true, what=""):
        """Wait until something holds for the values; fails with them after a while."""
        with self._news:
            good = self._news.wait_for(lambda: true(self.values), PATIENCE_S)
            assert good, (what, dict(sorted(self.values.items())))

    def sees(self, topic, text):
        self.until(lambda values: values.get(topic) == text, f"{topic} should be {text}")

    def say(self, topic, text, retain=False):
        self._client.publish(topic, text, qos=1, retain=retain).wait_for_publish(PATIENCE_S)

    def asks(self, topic, text, prefix="sunward"):
        """Send an order; what the result topic says of it."""
        with self._news:
            self.values.pop(f"{prefix}/result", None)
        self.say(topic, text)
        self.until(lambda values: f"{prefix}/result" in values, "there should be a result")
        return json.loads(self.values[f"{prefix}/result"])

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


def wait_for_port(port):
    """Until somebody accepts connections."""
    nap = threading.Event()
    for _ in range(200):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        nap.wait(0.05)
    raise AssertionError(f"nobody listens on port {port}")


def password_file(folder, user, password):
    """A mosquitto password file."""
    path = folder / "passwords"
    tool = shutil.which("mosquitto_passwd")
    subprocess.run([tool, "-b", "-c", str(path), user, password], check=True, capture_output=True)
    return path
