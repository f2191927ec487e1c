"""Servers on this machine, with TLS or without."""

import datetime
import http.server
import ipaddress
import ssl
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Certificate:
    """A certificate for this machine's address, its key, and the authority that signed it, as files."""

    def __init__(self, folder: Path):
        self.path, self.key, self.authority = (folder / name for name in ("server.pem", "server.key", "authority.pem"))
        authority, key = _make_certificate("authority")
        # Not every client accepts the certificate of an authority as that of a server.
        certificate, private = _make_certificate("server", authority=authority, key=key)
        pem = serialization.Encoding.PEM
        self.authority.write_bytes(authority.public_bytes(pem))
        self.path.write_bytes(certificate.public_bytes(pem))
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key.write_bytes(private.private_bytes(pem, *form))


class Server:
    """An HTTPS server, or an HTTP server without a certificate."""

    def __init__(self, handler: type[http.server.BaseHTTPRequestHandler], certificate: Certificate | None):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.path, certificate.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.url = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()


class JsonHandler(http.server.BaseHTTPRequestHandler):
    """A request whose response is JSON."""

    def respond(self, status: int, text: str):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self) -> str:
        return self.rfile.read(int(self.headers.get("content-length") or 0)).decode()

    def log_message(self, *_):
        pass


def _make_certificate(name: str, **signing) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate of the authority `signing`, or the certificate of an authority."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signing["authority"].subject if signing else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), False)
        .add_extension(x509.BasicConstraints(ca=not signing, path_length=None), True)
        .sign(signing["key"] if signing else private, hashes.SHA256())
    )
    return signed, private
