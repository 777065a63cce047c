"""The baseline of the benchmark of CPU: GET /health behind the source document's middleware, by FastAPI and uvicorn."""

import sys
import time

import uvicorn
from fastapi import FastAPI, Request
from prometheus_client import Counter, Histogram

requests_total = Counter("http_requests_total", "Total HTTP requests", ["method", "endpoint", "status"])
request_seconds = Histogram(
    "http_request_duration_seconds",
    "HTTP request latency in seconds",
    ["method", "endpoint"],
    buckets=[0.1, 0.5, 1.0, 2.0, 5.0, 10.0],
)


class Monitoring:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request, begin, status = Request(scope, receive), time.time(), 500

        async def send_and_note(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            requests_total.labels(method=request.method, endpoint=request.url.path, status=status).inc()
            request_seconds.labels(method=request.method, endpoint=request.url.path).observe(time.time() - begin)


app = FastAPI()
app.add_middleware(Monitoring)


@app.get("/health")
async def health():
    return {"status": "healthy"}


host, port = sys.argv[1].rsplit(":", 1)
uvicorn.run(app, host=host, port=int(port), access_log=False, log_level="warning")
