# A small image that runs as nobody in particular: docker build -t dedupe .
#   docker run --rm -v "$PWD:/data" dedupe unique stories.jsonl > kept.jsonl
FROM python:3.13-slim AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY .ci/build.txt .ci/runtime.txt .ci/
RUN python -m venv /opt/dedupe \
    && /opt/dedupe/bin/pip install --no-cache-dir --require-hashes -r .ci/runtime.txt \
    && pip install --no-cache-dir --require-hashes -r .ci/build.txt
COPY pyproject.toml setup.py headline_dedupe.py README.md LICENSE ./
COPY dedupe dedupe
RUN pip wheel --no-cache-dir --no-build-isolation --no-deps -w /wheels . \
    && /opt/dedupe/bin/pip install --no-cache-dir --no-deps /wheels/*.whl \
    && /opt/dedupe/bin/python -c "from dedupe import kernel; assert kernel.available()"

FROM python:3.13-slim
COPY --from=build /opt/dedupe /opt/dedupe
ENV PATH=/opt/dedupe/bin:$PATH
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin dedupe
USER 10001
WORKDIR /data
ENTRYPOINT ["dedupe"]
CMD ["--help"]
