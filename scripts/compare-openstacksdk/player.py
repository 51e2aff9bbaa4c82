"""Runs inside the virtual environment: signs in and asks for vaults with openstacksdk, one forked child a pair. Reads
one JSON line {"cwd", "env", "region"} a pair, answers with one: {"wrong", "region"}, what went wrong and which region
was chosen. A region that is asked for is passed on as openstackclient does it."""
import importlib
import json
import logging
import os
import sys
import warnings

import openstack.config.loader as loader
import openstack.connection


def play(answer, cwd, env, region):
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    # The search path is made when the module is loaded.
    importlib.reload(loader)
    asked = {} if region is None else {"region_name": region}
    chosen = loader.OpenStackConfig().get_one(**asked)
    answer["region"] = chosen.region_name
    connection = openstack.connection.Connection(config=chosen)
    client = chosen.get_session_client("cbr")
    client._connection = connection
    client.get("/vaults")


for line in sys.stdin:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        answer = {"wrong": "", "region": None}
        try:
            play(answer, **json.loads(line))
        except BaseException as error:
            answer["wrong"] = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        print(pipe.read(), flush=True)
    os.waitpid(child, 0)
