"""A real SMTP server for the tests, with STARTTLS and a sign-in, without which it takes nothing: keeps what it is given as files,
or refuses it while a file named refuse is there. Arguments: port, folder, certificate, its key, user, password."""

import logging
import os
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

port, folder, certificate, key, user, password = sys.argv[1:]


class Keeper:
    def __init__(self):
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        if os.path.exists(os.path.join(folder, "refuse")):
            return "451 come again"
        self.count += 1
        name = os.path.join(folder, f"{self.count:04d}")
        with open(name, "wb") as file:
            file.write(envelope.content)
        os.rename(name, name + ".eml")
        return "250 kept"


def authenticate(server, session, envelope, mechanism, given):
    right = (given.login, given.password) == (user.encode(), password.encode())
    return AuthResult(success=right, handled=False)


# It warns of what it does itself at every sign-in.
logging.getLogger("mail.log").setLevel(logging.ERROR)

tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(certificate, key)
controller = Controller(
    Keeper(), hostname="127.0.0.1", port=int(port),
    tls_context=tls, require_starttls=True, authenticator=authenticate, auth_required=True)
controller.start()
print("ready", flush=True)
sys.stdin.read()
controller.stop()
