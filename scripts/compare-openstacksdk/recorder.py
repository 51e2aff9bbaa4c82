"""IAM, CBR and a proxy on loopback that write down what is asked of them. CBR's public addresses are the first port's,
its internal ones the second's, each with its region in the path; the third refuses every CONNECT, so that a host which
nobody named is seen, not reached."""
import http.server
import json
import threading
import urllib.parse

PROJECT_ID = "0123456789abcdef0123456789abcdef"
REGIONS = ("eu-de", "eu-nl", "r1")
DOMAIN = {"id": "d", "name": "d"}
LISTS = {"/vaults": "vaults", "/backups": "backups", "/operation-logs": "operation_logs"}


class Recorder:
    """Three servers and one list of what they were asked: (port, method, path, body, token)."""

    def __init__(self):
        self.seen = []
        self.servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler()) for _ in range(3)]
        self.public, self.internal, self.proxy = (server.server_address[1] for server in self.servers)
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def _token(self):
        endpoints = [
            {"id": f"{region}-{name}", "interface": name, "region": region, "region_id": region,
             "url": f"http://127.0.0.1:{port}/{region}/v3/{PROJECT_ID}"}
            for region in REGIONS for name, port in (("public", self.public), ("internal", self.internal))
        ]
        return {
            "expires_at": "2099-01-01T00:00:00.000000Z", "issued_at": "2026-01-01T00:00:00.000000Z",
            "methods": ["password"], "user": {"id": "1", "name": "u", "domain": DOMAIN}, "roles": [],
            "project": {"id": PROJECT_ID, "name": "x", "domain": DOMAIN},
            "catalog": [{"type": "cbr", "id": "c", "name": "cbr", "endpoints": endpoints}],
        }

    def _answer(self, path, query):
        if path.endswith("/auth/tokens"):
            return 201, {"X-Subject-Token": "TOKEN"}, {"token": self._token()}
        if path.endswith("/projects"):
            name = urllib.parse.parse_qs(query).get("name", ["eu-de"])[0]
            return 200, {}, {"projects": [{"id": PROJECT_ID, "name": name}]}
        if path.endswith("replication-capabilities"):
            return 200, {}, {"regions": []}
        key = next((key for end, key in LISTS.items() if path.endswith(end)), None)
        return 200, {}, {} if key is None else {key: [], "count": 0}

    def _handler(self):
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                path, _, query = self.path.partition("?")
                port = self.server.server_address[1]
                recorder.seen.append((port, self.command, path, body, self.headers.get("x-auth-token")))
                status, headers, out = recorder._answer(path, query)
                data = json.dumps(out).encode()
                self.send_response(status)
                length = {"Content-Type": "application/json", "Content-Length": str(len(data))}
                for key, value in {**length, **headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(data)

            def do_CONNECT(self):
                recorder.seen.append((self.server.server_address[1], "CONNECT", self.path, "", None))
                self.send_error(403)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        return Handler

    def what_was_seen(self):
        """Sign-ins, where vaults were asked for, by which tokens, and hosts beyond loopback; and forgets all of it."""
        seen, self.seen[:] = list(self.seen), []
        posts = [json.loads(body)["auth"] for _, method, path, body, _ in seen
                 if method == "POST" and path.endswith("/auth/tokens")]
        places = {self.public: "public", self.internal: "internal"}
        asked = [(f"{places[port]} {path.split('/v3/')[0].strip('/')}".strip(), token)
                 for port, _, path, _, token in seen if path.endswith("/vaults") and port in places]
        beyond = sorted({path for _, method, path, _, _ in seen if method == "CONNECT"})
        return {"posts": posts, "hosts": sorted({place for place, _ in asked}),
                "tokens": sorted({token for _, token in asked if token is not None}), "beyond": beyond}
