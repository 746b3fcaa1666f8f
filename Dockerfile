# docker build -t wesend . && docker run -p 127.0.0.1:8000:8000 -v wesend:/data -e WESEND_BASE_URL=https://… wesend
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.lock ./
RUN pip install --require-hashes --no-deps --only-binary=:all: -r requirements.lock && pip check

COPY app.py LICENSE ./
COPY migrations ./migrations
COPY wesend ./wesend
RUN python -m compileall -q wesend migrations \
 && printf '#!/usr/local/bin/python\nfrom wesend.cli import main\nmain()\n' > /usr/local/bin/wesend \
 && chmod 755 /usr/local/bin/wesend \
 && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin wesend \
 && install -d -m 700 -o wesend -g wesend /data

# All data lies in /data. Listening on 0.0.0.0 switches the sandbox off; 1 switches it on for what runs inside, public for all.
ENV PYTHONPATH=/app WESEND_INSTANCE=/data WESEND_HOST=0.0.0.0 WESEND_PORT=8000 WESEND_LOG=json
USER wesend
VOLUME /data
EXPOSE 8000
# What is under way is answered before the end: docker stop --time 40.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['WESEND_PORT']}/healthz\", timeout=4)"]
CMD ["wesend", "up", "--json"]
