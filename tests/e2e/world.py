# SPDX-License-Identifier: Apache-2.0
"""The cluster that all proofs share: two nodes, OKE's components, people, and the guard."""
import concurrent.futures

import api
import archive
import guard
import kube
from cluster import FOLDER, ControlPlane, make_network, until
from node import Node
from objects import PEOPLE, WORKLOADS, images, recorded

SEATS = [10, 11, 12]  # the third joins late
PAUSE = FOLDER / "pause.tar"
NODES = {}
BEFORE = set()  # what there was before the guard came: api.inventory()

def control_plane():
    return NODES["control plane"]

def set_up():
    make_network()
    archive.write(PAUSE, "localhost/pause:1", FOLDER / "pause")
    NODES["control plane"] = ControlPlane([f"10.0.10.{s}" for s in SEATS])
    control_plane().start()
    objects = recorded()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for node in pool.map(lambda seat: start_node(seat, objects), SEATS[:2]):
            NODES[node.seat] = node
    populate(objects)
    BEFORE.update(api.inventory())
    guard.install()
    kube.wait_guarded()

def start_node(seat, objects=None):
    """A node whose runtime knows all images; what OKE's components run is the pause image."""
    node = Node(seat, SEATS, [PAUSE, guard.IMAGE], images(objects or recorded()))
    node.start()
    return node

def wait_ready(*seats):
    for seat in seats:
        kube.get("wait", f"node/10.0.10.{seat}", "--for=condition=Ready", "--timeout=60s")

def populate(objects):
    until(lambda: kube.kubectl(*kube.system("get", "serviceaccount", "default")).returncode == 0,
          "the default account")
    kube.apply([*PEOPLE, *objects])
    kube.TOKENS["ci"] = kube.get("-n", "ci", "create", "token", "deployer").strip()
    until(lambda: len(kube.read("nodes")["items"]) == 2, "both nodes are known")
    wait_ready(*SEATS[:2])
    kube.rolled_out("kube-system", *WORKLOADS)
    # Exempt accounts of controllers are made when a controller first runs.
    until(lambda: "deployment-controller" in kube.get(*kube.system("get", "serviceaccounts")),
          "the controllers' accounts")

def tear_down():
    for node in [v for k, v in NODES.items() if k != "control plane"]:
        node.vanish()
    if "control plane" in NODES:
        control_plane().stop()

__all__ = ["OKE"]
