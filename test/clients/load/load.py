# A steady producer by librdkafka: see index.ts for its words and what it prints.
import sys
import threading
import time

from confluent_kafka import Producer

bootstrap, topic = sys.argv[1:3]
partitions, per_second, acks = (int(word) for word in sys.argv[3:6])
name = sys.argv[6]
over = threading.Event()


def wait_for_end():
    sys.stdin.read()
    over.set()


def on_delivery(partition, n):
    def report(error, message):
        if error is not None:
            print(f"f {partition} {n} {error}", flush=True)
        else:
            print(f"a {partition} {n} {message.offset()} {time.time() * 1000:.3f}", flush=True)

    return report


threading.Thread(target=wait_for_end, daemon=True).start()
timeouts = {"socket.timeout.ms": int(sys.argv[7])} if len(sys.argv) > 7 else {}
producer = Producer(
    timeouts
    | {
        "bootstrap.servers": bootstrap,
        "acks": acks,
        "enable.idempotence": acks == -1,  # librdkafka's idempotent producer must ask for all
        "debug": "eos",
        "queue.buffering.max.messages": 1_000_000,
    }
)
nexts = [0] * partitions
start = time.monotonic()
sent = 0
while not over.is_set():
    owed = int((time.monotonic() - start) * per_second)
    while sent < owed:
        partition = sent % partitions
        n = nexts[partition]
        nexts[partition] += 1
        sent += 1
        key = f"{name}-{partition}"
        value = f"{key} {n}".ljust(100)
        producer.produce(topic, value, key, partition, on_delivery=on_delivery(partition, n))
    producer.poll(0.005)
producer.flush(300)
for partition, count in enumerate(nexts):
    print(f"sent {partition} {count}", flush=True)
