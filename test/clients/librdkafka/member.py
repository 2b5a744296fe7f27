# A member of a KIP-848 group through librdkafka: tells what happens to it, a JSON text a line, until it is told to stop.
import json
import signal
import sys

from confluent_kafka import Consumer, KafkaError

bootstrap, group, topic = sys.argv[1:4]
instance = sys.argv[4] if len(sys.argv) > 4 else None
running = True


def stop(*_):
    global running
    running = False


def tell(name, **fields):
    print(json.dumps({"name": name, **fields}), flush=True)


def numbers(partitions):
    return sorted(partition.partition for partition in partitions)


signal.signal(signal.SIGTERM, stop)
settings = {
    "bootstrap.servers": bootstrap,
    "group.id": group,
    "group.protocol": "consumer",
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
}
if instance is not None:
    settings["group.instance.id"] = instance
consumer = Consumer(settings)
consumer.subscribe(
    [topic],
    on_assign=lambda _, partitions: tell("assigned", partitions=numbers(partitions)),
    on_revoke=lambda _, partitions: tell("revoked", partitions=numbers(partitions)),
    on_lost=lambda _, partitions: tell("lost", partitions=numbers(partitions)),
)
while running:
    messages = [message for message in consumer.consume(100, 0.1)]
    for message in messages:
        if message.error():
            tell("error", text=str(message.error()))
    seen = [f"{message.partition()}/{message.offset()}" for message in messages if not message.error()]
    if seen:
        tell("processed", messages=seen)
        try:
            consumer.commit(asynchronous=False)
            tell("committed")
        except Exception as error:  # the test reads what went wrong
            tell("error", text=str(error))
consumer.close()
tell("closed")
