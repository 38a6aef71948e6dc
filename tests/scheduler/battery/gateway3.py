"""A Powerwall 3 in its own Wi-Fi: TEDAPI over TLS, in pypowerwall's own messages."""

import json
import ssl
import subprocess
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from scheduler.battery.policy import Site
from tests.conftest import need

STATUS = {
    "control": {
        "systemStatus": {"nominalFullPackEnergyWh": 13500, "nominalEnergyRemainingWh": 9720},
        "meterAggregates": [
            {"location": "SITE", "realPowerW": -640},
            {"location": "LOAD", "realPowerW": 2190.5},
            {"location": "BATTERY", "realPowerW": -1430},
            {"location": "SOLAR", "realPowerW": 4260},
        ],
        "alerts": {"active": ["SystemConnectedToGrid"]},
    },
}
CONFIG = {"default_real_mode": "self_consumption", "site_info": {"backup_reserve_percent": 24}}
TOLD = Site(
    mode="self_consumption",
    reserve_percent=20.0,
    charge_percent=70.5,
    battery_watts=-1430.0,
    grid_watts=-640.0,
    house_watts=2190.5,
    solar_watts=4260.0,
)
PASSWORD = "ABCDEFGHIJ"


class Gateway3:
    """A Powerwall 3 in its own Wi-Fi. `says` is its status; None: it answers with an error."""

    def __init__(self, folder, messages):
        self.says, self.config, self.asked = STATUS, CONFIG, []
        cert, key = folder / "cert.pem", folder / "key.pem"
        make = (
            need("openssl"),
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        )
        make += ("-days", "2", "-subj", "/CN=powerwall", "-keyout", str(key), "-out", str(cert))
        subprocess.run(make, check=True, capture_output=True)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self, messages))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def handler_of(gateway, messages):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def answer(self, status, body=b""):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def may(self):
            right = b64encode(f"Tesla_Energy_Device:{PASSWORD}".encode()).decode()
            return self.headers.get("Authorization") == f"Basic {right}"

        def do_GET(self):
            gateway.asked.append(self.path)
            if self.path != "/tedapi/din":
                self.answer(404)  # a Powerwall 3 has no page of its own
            elif not self.may():
                self.answer(403)
            else:
                self.answer(200, b"1707000-11-L--TG123000000000")

        def do_POST(self):
            gateway.asked.append(self.path)
            asked = messages.Message()
            asked.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.may() or gateway.says is None:
                self.answer(403 if gateway.says else 500)
                return
            told = messages.Message()
            told.tail.value = 1
            if asked.message.HasField("config"):
                told.message.config.recv.file.text = json.dumps(gateway.config)
            else:
                told.message.payload.recv.text = json.dumps(gateway.says)
            self.answer(200, told.SerializeToString())

    return Handler
