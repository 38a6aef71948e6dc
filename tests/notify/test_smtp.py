"""Mail against real servers: aiosmtpd as the well-behaved peer, the simulator's as the one with bad days."""

import email
import socket
import ssl
import subprocess
from datetime import UTC, datetime
from email import policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from notify.channels import SendError
from notify.channels.smtp import Mail, Server, explain
from notify.letters import Letter
from simulator.mailbox import Mailbox
from simulator.wires.smtp import SmtpServer, Trouble
from tests.conftest import free_port, need

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
WALL = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
LETTER = Letter("abc.7", WALL, "Grüße: 80 % 🔋", "Blau hat geladen.\n.\nEnde\n", "<p>Blau</p>", "critical")
PASSWORD = "korrekt pferd"


class Keeper:
    """aiosmtpd's handler: keeps every envelope."""

    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append(envelope)
        return "250 taken"


def check_password(server, session, envelope, mechanism, data):
    right = data.login == b"me@example.org" and data.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


@pytest.fixture
def office(certificate):
    """Start aiosmtpd with STARTTLS or implicit TLS; yields a function that says where it listens."""
    running = []

    def start(security):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        safe = {"tls_context": context, "require_starttls": True} if security == "starttls" else {}
        if security == "tls":
            safe = {"ssl_context": context}
        keeper = Keeper()
        sign_in = {
            "auth_required": True,
            "authenticator": check_password,
            "auth_require_tls": security == "starttls",
        }
        controller = Controller(keeper, hostname="127.0.0.1", port=free_port(), **safe, **sign_in)
        controller.start()
        running.append(controller)
        return controller.port, keeper

    yield start
    for controller in running:
        controller.stop()


def mail(port, certificate, security="starttls", host="localhost", password=PASSWORD, timeout_s=5.0, ca=None):
    server = Server(host, port, security, "me@example.org", password, str(ca or certificate[0]), timeout_s)
    return Mail(server, "sunward <home@example.org>", "Me <Me@Example.org>")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_letter_arrives_whole(office, certificate, security):
    port, keeper = office(security)
    mail(port, certificate, security).send(LETTER)
    (envelope,) = keeper.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("home@example.org", ["Me@Example.org"])
    message = email.message_from_bytes(envelope.content, policy=policy.default)
    assert message["Subject"] == LETTER.subject
    assert message["Message-ID"] == "<abc.7@example.org>"
    assert message["Date"].datetime == WALL
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Importance"] == "high"
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == LETTER.text
    assert "<p>Blau</p>" in message.get_body(("html",)).get_content()
    assert all(byte < 128 for byte in envelope.content)


def test_a_wrong_password_waits_for_a_person(office, certificate):
    port, keeper = office("starttls")
    with pytest.raises(SendError, match="refuses the sign-in; check user and SMTP_PASSWORD") as failure:
        mail(port, certificate, password="wrong").send(LETTER)
    assert failure.value.cause == "settings"
    assert keeper.envelopes == []


def test_a_google_app_password_works_with_and_without_its_spaces():
    from notify.channels.smtp import _usable

    assert _usable("abcd efgh ijkl mnop") == "abcdefghijklmnop"
    assert _usable(PASSWORD) == PASSWORD


def test_a_certificate_that_nobody_vouches_for_is_told_with_what_to_do(office, certificate):
    port, keeper = office("starttls")
    stranger = Mail(Server("localhost", port, timeout_s=5), "home@example.org", "me@example.org")
    with pytest.raises(SendError, match=r"not trusted.*set ca_file") as failure:
        stranger.send(LETTER)
    assert failure.value.cause == "settings"
    assert keeper.envelopes == []


def test_a_certificate_for_another_name_is_told(office, certificate):
    port, _ = office("tls")
    with pytest.raises(SendError, match=r"for another name.*Set host"):
        mail(port, certificate, "tls", host="127.0.0.1").send(LETTER)


def test_a_certificate_that_is_out_of_date_is_told(certificate, tmp_path):
    (tmp_path / "index").touch()
    (tmp_path / "serial").write_text("01")
    (tmp_path / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={tmp_path}/index\nserial={tmp_path}/serial\nnew_certs_dir={tmp_path}\n"
        "default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n"
        "[e]\nsubjectAltName=DNS:localhost\nbasicConstraints=CA:true\n"
    )
    old, request, key = tmp_path / "old.pem", tmp_path / "request.pem", certificate[1]
    for words in (
        ["req", "-new", "-key", key, "-out", request, "-subj", "/CN=localhost"],
        [
            *("ca", "-batch", "-selfsign", "-config", tmp_path / "ca.cnf", "-keyfile", key, "-in", request),
            *("-out", old, "-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-notext"),
        ],
    ):
        subprocess.run([need("openssl"), *words], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(old, key)
    server = SmtpServer(Mailbox(), tls=context).start()
    try:
        with pytest.raises(SendError, match=r"out of date .*Is this computer's clock right\?") as failure:
            mail(server.port, (old, key)).send(LETTER)
    finally:
        server.stop()
    assert failure.value.cause == "settings"


def test_a_ca_file_that_is_none_is_told(office, certificate, tmp_path):
    with pytest.raises(SendError, match=r"ca_file = .* can't be used: No such file"):
        mail(1, certificate, ca=tmp_path / "none.pem").send(LETTER)
    (tmp_path / "junk.pem").write_text("hello")
    with pytest.raises(SendError, match=r"ca_file = .* can't be used"):
        mail(1, certificate, ca=tmp_path / "junk.pem").send(LETTER)


def test_tls_on_the_wrong_port_says_which_goes_with_which(office, certificate):
    port, _ = office("starttls")
    with pytest.raises(SendError, match='587 goes with "starttls", 465 with "tls"'):
        mail(port, certificate, "tls").send(LETTER)


# --- the simulator's server, on its bad days -------------------------------------------------------


@pytest.fixture
def simulated(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    mailbox = Mailbox()
    server = SmtpServer(mailbox, tls=context).start()
    yield server, mailbox
    server.stop()


def test_the_simulated_mailbox_shows_what_came(simulated, certificate):
    server, mailbox = simulated
    mail(server.port, certificate).send(LETTER)
    (letter,) = mailbox.letters()
    assert letter.subject == LETTER.subject
    assert letter.to == "Me@Example.org"
    assert letter.text.replace("\r\n", "\n") == LETTER.text
    assert "<p>Blau</p>" in letter.html


@pytest.mark.parametrize(
    ("trouble", "cause", "sentence"),
    [
        (Trouble.REFUSE, "letter", "does not take mail for Me@Example.org. It said: 550 5.1.1 nobody"),
        (Trouble.TEMPORARY, "later", "refuses the letter. It said: 451"),
        (Trouble.BUSY, "later", "refuses the connection. It said: 421"),
        (Trouble.BAD_SIGN_IN, "settings", "refuses the sign-in"),
        (Trouble.SILENT, "later", "did not answer within 1 s"),
        (Trouble.ENDLESS, "later", "talks on and on without taking the letter"),
        (Trouble.DROP_AFTER_DATA, "later", "hung up in the middle"),
        (Trouble.BAD_TLS, "settings", "does not speak TLS like this"),
    ],
)
def test_each_bad_day_has_its_sentence_and_its_cure(simulated, certificate, trouble, cause, sentence):
    server, _ = simulated
    server.trouble = trouble
    with pytest.raises(SendError) as failure:
        mail(server.port, certificate, timeout_s=1.0).send(LETTER)
    assert sentence in str(failure.value)
    assert failure.value.cause == cause


def test_a_server_that_hangs_at_the_farewell_has_the_letter_all_the_same(simulated, certificate):
    server, mailbox = simulated
    server.trouble = Trouble.SILENT_AT_QUIT
    mail(server.port, certificate, timeout_s=1.0).send(LETTER)
    assert len(mailbox.letters()) == 1


def test_a_letter_sent_twice_is_recognised_by_its_id(simulated, certificate):
    server, mailbox = simulated
    server.trouble = Trouble.DROP_AFTER_DATA
    with pytest.raises(SendError):
        mail(server.port, certificate).send(LETTER)
    server.trouble = Trouble.NONE
    mail(server.port, certificate).send(LETTER)
    (letter,) = mailbox.letters()
    assert letter.copies == 2


def test_no_starttls_on_offer_is_never_answered_with_a_password_in_the_clear():
    mailbox = Mailbox()
    server = SmtpServer(mailbox).start()
    try:
        plain = Mail(
            Server("localhost", server.port, "starttls", "me", "secret", timeout_s=5), "a@b.c", "d@e.f"
        )
        with pytest.raises(SendError, match=r'offers no STARTTLS. Try security = "tls"'):
            plain.send(LETTER)
    finally:
        server.stop()
    assert mailbox.letters() == []


def test_nobody_there_and_no_such_host():
    server = SmtpServer(Mailbox()).start()
    server.stop()
    with pytest.raises(SendError, match="Nothing listens at") as failure:
        Mail(Server("127.0.0.1", server.port, "none", timeout_s=2), "a@b.c", "d@e.f").send(LETTER)
    assert failure.value.cause == "later"
    lost = explain(socket.gaierror(-2, "unknown"), Server("mail.invalid", 25), "d@e.f")
    assert "can't be found" in str(lost)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_apprise_takes_the_letter_over_real_mail(simulated):
    pytest.importorskip("apprise")
    from notify.channels.apprise import Service

    server, mailbox = simulated
    url = f"mailto://127.0.0.1:{server.port}?from=home@example.org&to=me@example.org&mode=insecure&name=x"
    way = Service(url)
    assert way.name.startswith("mailto:")
    assert "example" not in way.name
    way.send(LETTER)
    assert mailbox.letters()[0].subject == LETTER.subject
    server.stop()
    with pytest.raises(SendError, match="did not take the letter") as failure:
        way.send(LETTER)
    assert "127.0.0.1" not in str(failure.value)
    with pytest.raises(SendError, match="apprise can't read the") as failure:
        Service("nonsense://x").send(LETTER)
    assert failure.value.cause == "settings"
