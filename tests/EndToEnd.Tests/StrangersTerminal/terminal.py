"""A terminal that was written from docs/terminal-protocol.md and up.json alone.

    terminal.py up.json

It signs on as the spare terminal, looks up the bill, pays it with a card that is approved, repeats, enquires and abandons,
and prints one JSON object of what it was told. Needs Python 3 and the cryptography package.
"""

import datetime
import hmac
import json
import secrets
import socket
import ssl
import sys
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding

TIMEOUT_SECONDS = 30
MAX_FRAME = 4096
LVAR = {2: 2, 32: 2, 33: 2, 35: 2, 48: 3, 55: 3}
FIXED = {
    3: 6, 4: 12, 7: 10, 11: 6, 12: 6, 13: 4, 22: 3, 37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 49: 3, 52: 16, 53: 16, 64: 8,
    70: 3, 90: 42, 128: 8,
}
BYTES = {48, 52, 55, 64, 128}
ANSWER_TO = {"0100": "0110", "0200": "0210", "0201": "0210", "0420": "0430", "0800": "0810"}


class Wrong(Exception):
    """The other side does not keep to the protocol."""


def cmac(key, data):
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


def aes(key, block):
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return cipher.update(block) + cipher.finalize()


def sign_on_key(master):
    return HKDF(hashes.SHA256(), 32, None, b"lakala sign-on mac").derive(master)


def unwrap(master, wrapped, check):
    key = aes_key_unwrap_with_padding(master, bytes.fromhex(wrapped))
    if cmac(key, bytes(16))[:3] != bytes.fromhex(check):
        raise Wrong("a working key has another check value")
    return key


def pin_block(key, pin, pan):
    pin_field = bytes.fromhex((f"4{len(pin):X}{pin}").ljust(16, "A")) + secrets.token_bytes(8)
    pan_field = bytes.fromhex((f"{max(0, len(pan) - 12):X}" + pan.rjust(12, "0")).ljust(32, "0"))
    return aes(key, bytes(a ^ b for a, b in zip(aes(key, pin_field), pan_field)))


def encode(mti, fields, key):
    """The message with its MAC, without the frame's length."""
    mac_field = 128 if any(number > 64 for number in fields) else 64
    bitmap = bytearray(16 if mac_field == 128 else 8)
    for number in [*fields, mac_field] + ([1] if mac_field == 128 else []):
        bitmap[(number - 1) // 8] |= 0x80 >> (number - 1) % 8
    message = mti.encode() + bytes(bitmap)
    for number in sorted(fields):
        value = fields[number]
        content = private(value) if number == 48 else value if number in BYTES else value.encode("ascii")
        message += (f"{len(content):0{LVAR[number]}}".encode() if number in LVAR else b"") + content
    return message + cmac(key, message)[:8]


def decode(message):
    mti, at = message[:4].decode("ascii"), 12
    bits = message[4:12]
    if bits[0] & 0x80:
        bits, at = message[4:20], 20
    fields = {}
    for number in range(2, len(bits) * 8 + 1):
        if bits[(number - 1) // 8] & 0x80 >> (number - 1) % 8:
            length = FIXED.get(number)
            if number in LVAR:
                length, at = int(message[at:at + LVAR[number]]), at + LVAR[number]
            if length is None or at + length > len(message):
                raise Wrong(f"field {number} cannot be read")
            content = message[at:at + length]
            fields[number] = content if number in BYTES else content.decode("ascii")
            at += length
    if at != len(message):
        raise Wrong("the message is longer than its fields")
    return mti, fields


def private(elements):
    return b"".join(f"{tag}{len(value.encode()):03}{value}".encode() for tag, value in elements.items())


def elements_of(fields):
    data, elements = fields.get(48, b""), {}
    while data:
        length = int(data[2:5])
        elements[data[:2].decode()] = data[5:5 + length].decode()
        data = data[5 + length:]
    return elements


class Terminal:
    def __init__(self, address, identity):
        self.id, self.store = identity["id"], identity["store"]
        self.master = bytes.fromhex(identity["master_key"])
        # This terminal keeps no counter, so each run has a batch that no earlier one had.
        self.batch, self.stan = int(time.time()) // 60 % 1_000_000, 0
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.load_verify_locations(address["ca"])
        plain = socket.create_connection((address["host"], address["port"]), TIMEOUT_SECONDS)
        self.line = tls.wrap_socket(plain, server_hostname=address["host"])

    def next_stan(self):
        self.stan += 1
        return f"{self.stan:06}"

    def ask(self, mti, fields, key):
        """The authenticated answer. Raises when there is none in time, or only a hint."""
        fields = {**fields, 41: self.id, 42: self.store}
        message = encode(mti, fields, key)
        self.line.sendall(len(message).to_bytes(2, "big") + message)
        while True:
            answer = self.read()
            mti_of_answer, answered = decode(answer)
            if 64 not in answered and 128 not in answered:
                raise Wrong(f"a hint: {answered.get(39)} {elements_of(answered).get('RN')}")
            is_authentic = hmac.compare_digest(cmac(key, answer[:-8])[:8], answer[-8:])
            is_mine = mti_of_answer == ANSWER_TO[mti] and all(answered.get(number) == fields[number] for number in (11, 41, 42))
            if is_authentic and is_mine:
                return answered, elements_of(answered)

    def read(self):
        length = int.from_bytes(self.read_bytes(2), "big")
        if not 1 <= length <= MAX_FRAME:
            raise Wrong(f"a frame of {length} bytes")
        return self.read_bytes(length)

    def read_bytes(self, count):
        data = b""
        while len(data) < count:
            part = self.line.recv(count - len(data))
            if not part:
                raise Wrong("the line was closed")
            data += part
        return data

    def sign_on(self):
        nonce = secrets.token_hex(16)
        now = datetime.datetime.now(datetime.timezone.utc)
        fields, elements = self.ask(
            "0800",
            {7: now.strftime("%m%d%H%M%S"), 11: self.next_stan(), 48: {"NO": nonce, "SV": "stranger 1", "LG": "en"}, 70: "001"},
            sign_on_key(self.master))
        if fields[39] != "00" or elements["NO"].lower() != nonce:
            raise Wrong("the sign-on answer is not to this sign-on")
        self.pin_key = unwrap(self.master, elements["PK"], elements["PC"])
        self.mac_key = unwrap(self.master, elements["MK"], elements["MC"])
        self.key_set = fields[53]
        return {"code": fields[39], "store_name": elements["SN"], "server_time": elements["TM"]}

    def echo(self):
        fields, _ = self.ask("0800", {11: self.next_stan(), 53: self.key_set, 70: "301"}, self.mac_key)
        return {"code": fields[39]}

    def lookup(self, bill):
        fields, elements = self.ask(
            "0100",
            {3: "300000", 11: self.next_stan(), 48: {"BA": f"{self.batch:06}", "BN": bill}, 53: self.key_set},
            self.mac_key)
        return {"code": fields[39], "reason": elements.get("RN"), "amount": fields.get(4), "currency": fields.get(49),
                "payee": elements.get("PY"), "description": elements.get("DS"), "seconds_left": elements.get("TL")}

    def payment(self, bill, amount, currency, card):
        """What a swipe says. The same content under 0201 is its repeat."""
        now = datetime.datetime.now()
        pan = card["track2"].split("=")[0]
        return {
            3: "500000", 4: amount, 11: self.next_stan(), 12: now.strftime("%H%M%S"), 13: now.strftime("%m%d"), 22: "021",
            35: card["track2"], 48: {"BA": f"{self.batch:06}", "BN": bill, "CL": "stranger"}, 49: currency,
            52: pin_block(self.pin_key, card["pin"], pan), 53: self.key_set,
        }

    def pay(self, mti, payment):
        fields, elements = self.ask(mti, payment, self.mac_key)
        if fields[39] == "00" and (fields[4] != payment[4] or fields[49] != payment[49] or elements["BN"] != payment[48]["BN"]):
            raise Wrong("an approval of something else")
        return self.outcome(fields, elements)

    def enquire(self, payment):
        return self.pay("0201", {number: value for number, value in payment.items() if number not in (35, 52)})

    def abandon(self, stan):
        fields, elements = self.ask(
            "0420", {3: "500000", 11: stan, 48: {"BA": f"{self.batch:06}"}, 53: self.key_set}, self.mac_key)
        return {**self.outcome(fields, elements), "stored_code": elements.get("SR")}

    @staticmethod
    def outcome(fields, elements):
        return {"code": fields[39], "reason": elements.get("RN"), "rrn": fields.get(37),
                "authorisation_code": fields.get(38, "").rstrip() or None, "card": elements.get("CA"), "paid_at": elements.get("PA"),
                "order_id": elements.get("OR"), "clerk_text": elements.get("TX")}


def main(path):
    with open(path, encoding="utf-8") as file:
        up = json.load(file)
    card = next(card for card in up["cards"] if card["expected"] == "approved")
    terminal = Terminal(up["terminal"], up["spare_terminal"])
    told = {"sign_on": terminal.sign_on(), "echo": terminal.echo()}
    told["lookup"] = bill = terminal.lookup(up["bill"])
    swipe = terminal.payment(up["bill"], bill["amount"], bill["currency"], card)
    told["payment"] = terminal.pay("0200", swipe)
    told["repeat"] = terminal.pay("0201", swipe)
    told["enquiry"] = terminal.enquire(swipe)
    told["abandonment_of_what_is_paid"] = terminal.abandon(swipe[11])
    never = terminal.payment(up["bill"], bill["amount"], bill["currency"], card)
    told["abandonment_of_what_never_was"] = terminal.abandon(never[11])
    told["delayed_payment"] = terminal.pay("0200", never)
    told["second_payment"] = terminal.pay("0200", terminal.payment(up["bill"], bill["amount"], bill["currency"], card))
    told["lookup_afterwards"] = terminal.lookup(up["bill"])
    json.dump(told, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: terminal.py up.json")
    main(sys.argv[1])
