"""Packets as a program with full rights sends and sees them. Runs inside a network namespace; speaks JSON lines.

watch                 prints every IP packet that its namespace receives or sends, until its input closes
listen                reads one list of {protocol, address, port}; prints what arrives, until its input closes
send                  reads one list of probes; prints one list of results, in order
"""
import json, select, socket, struct, sys, threading, time

def say(fact):
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()

def parse(frame):
    kind = struct.unpack("!H", frame[12:14])[0]
    packet = frame[14:]
    if kind == 0x0800 and len(packet) >= 20:
        ihl = (packet[0] & 15) * 4
        fact = {"version": 4, "src": socket.inet_ntoa(packet[12:16]), "dst": socket.inet_ntoa(packet[16:20])}
        number, rest = packet[9], packet[ihl:struct.unpack("!H", packet[2:4])[0]]
    elif kind == 0x86DD and len(packet) >= 40:
        fact = {"version": 6, "src": socket.inet_ntop(socket.AF_INET6, packet[8:24]),
                "dst": socket.inet_ntop(socket.AF_INET6, packet[24:40])}
        number, rest = packet[6], packet[40:]
    else:
        return None
    fact["protocol"] = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}.get(number, str(number))
    fact["data"] = ""
    if number in (6, 17) and len(rest) >= 8:
        fact["sport"], fact["dport"] = struct.unpack("!HH", rest[:4])
        head = 8 if number == 17 else (rest[12] >> 4) * 4 if len(rest) >= 20 else len(rest)
        fact["data"] = rest[head:head + 64].decode("latin-1")
        if number == 6 and len(rest) >= 20:
            fact["seq"], fact["ack"] = struct.unpack("!II", rest[4:12])
            fact["flags"] = "".join(n for i, n in enumerate("FSRPAU") if rest[13] >> i & 1)
    elif number in (1, 58) and rest:
        fact["type"] = rest[0]
    return fact

def watch():
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
    say({"ready": True})
    while True:
        ready, _, _ = select.select([tap, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        frame, (interface, _, direction, _, _) = tap.recvfrom(65535)
        fact = parse(frame) if interface != "lo" else None
        if fact:
            say({"at": time.time(), "interface": interface, "sent": direction == 4, **fact})

def listen():
    sockets = {}
    for spec in json.loads(sys.stdin.readline()):
        kind = socket.SOCK_DGRAM if spec["protocol"] == "udp" else socket.SOCK_STREAM
        family = socket.AF_INET6 if ":" in spec["address"] else socket.AF_INET
        door = socket.socket(family, kind)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((spec["address"], spec["port"]))
        if kind == socket.SOCK_STREAM:
            door.listen(64)
        sockets[door] = ("udp" if kind == socket.SOCK_DGRAM else "tcp", spec["port"])
    say({"ready": True})
    while True:
        ready, _, _ = select.select([*sockets, sys.stdin], [], [])
        for door in ready:
            if door is sys.stdin:
                if not sys.stdin.readline():
                    return
                continue
            protocol, port = sockets[door]
            if protocol == "udp":
                data, sender = door.recvfrom(65535)
                door.sendto(data, sender)
                say({"protocol": protocol, "port": port, "from": sender[0], "data": data[:64].decode("latin-1")})
            else:
                held, sender = door.accept()
                say({"protocol": protocol, "port": port, "from": sender[0], "data": ""})
                threading.Thread(target=echo, args=(held,), daemon=True).start()

def echo(held):
    try:
        while data := held.recv(65535):
            held.sendall(data)
    except OSError:
        pass

def connect(probe):
    family = socket.AF_INET6 if ":" in probe["address"] else socket.AF_INET
    door = socket.socket(family, socket.SOCK_DGRAM if probe["kind"] == "udp" else socket.SOCK_STREAM)
    door.settimeout(probe.get("timeout", 1))
    if "interface" in probe:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, probe["interface"].encode())
    if "from" in probe or "sport" in probe:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((probe.get("from", ""), probe.get("sport", 0)))
    with door:
        door.connect((probe["address"], probe["port"]))
        if probe["kind"] == "tcp" and "data" not in probe:
            return {"answer": "connected"}
        door.sendall(bytes.fromhex(probe["hex"]) if "hex" in probe else probe.get("data", "probe").encode())
        return {"answer": "data", "data": door.recv(65535).hex()}

def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 65535) + (total >> 16)
    return ~total & 65535

def raw(probe):
    """One IPv4 packet with any source; `mac` sends it as a frame of that receiver, past the own routing table."""
    src, dst = socket.inet_aton(probe["from"]), socket.inet_aton(probe["address"])
    data = probe.get("data", "").encode()
    number = {"tcp": 6, "udp": 17, "icmp": 1}.get(probe["protocol"]) or int(probe["protocol"])
    ports = struct.pack("!HH", probe.get("sport", 40000), probe.get("port", 0))
    if number == 6:
        bits = sum(1 << "FSRPAU".index(flag) for flag in probe.get("flags", "S"))
        body = ports + struct.pack("!IIBBHHH", probe.get("seq", 1), probe.get("ack", 0), 80, bits, 65535, 0, 0) + data
    elif number == 17:
        body = ports + struct.pack("!HH", 8 + len(data), 0) + data
    elif number == 1:
        body = struct.pack("!BBHHH", probe.get("type", 8), 0, 0, 7, 1) + data
    else:
        body = data
    if number in (6, 17):
        at = 16 if number == 6 else 6
        total = checksum(src + dst + struct.pack("!BBH", 0, number, len(body)) + body)
        body = body[:at] + struct.pack("!H", total) + body[at + 2:]
    elif number == 1:
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    head = struct.pack("!BBHHHBBH4s4s", 69, 0, 20 + len(body), 0, 0, 64, number, 0, src, dst)
    packet = head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body
    if "mac" in probe:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as door:
            door.bind((probe["interface"], 0))
            own = door.getsockname()[4]
            door.send(bytes.fromhex(probe["mac"].replace(":", "")) + own + b"\x08\x00" + packet)
    else:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as door:
            door.sendto(packet, (probe["address"], 0))
    return {"answer": "sent"}

def attempt(probe):
    try:
        return raw(probe) if probe["kind"] == "raw" else connect(probe)
    except OSError as err:
        name = "timeout" if isinstance(err, TimeoutError) else type(err).__name__ if err.errno is None else None
        return {"answer": name or __import__("errno").errorcode.get(err.errno, str(err.errno))}

def send():
    probes = json.loads(sys.stdin.readline())
    results = [None] * len(probes)
    def work(lane, lanes):
        for index in range(lane, len(probes), lanes):
            results[index] = attempt(probes[index])
    lanes = [threading.Thread(target=work, args=(lane, 64)) for lane in range(64)]
    for lane in lanes: lane.start()
    for lane in lanes: lane.join()
    say(results)

{"watch": watch, "listen": listen, "send": send}[sys.argv[1]]()
