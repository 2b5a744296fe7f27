// Apache Kafka's own client, for record.ts: everything that it sends for the APIs that we have schemas of.
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

public class RecordJava {
  public static void main(String[] args) throws Exception {
    String topic = args[1];
    Map<String, Object> base = new HashMap<>(Map.of("bootstrap.servers", args[0], "client.id", "java",
        "key.serializer", "org.apache.kafka.common.serialization.StringSerializer",
        "value.serializer", "org.apache.kafka.common.serialization.StringSerializer",
        "key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer",
        "value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer",
        "group.id", "g", "enable.metrics.push", "false"));
    base.put("group.protocol", "consumer");
    base.put("auto.offset.reset", "earliest");
    try (Admin admin = Admin.create(base)) {
      admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1).configs(Map.of("retention.ms", "1000")))).all().get();
      admin.listTopics().names().get();
      admin.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.TOPIC, topic)),
          new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true)).all().get();
      admin.listOffsets(Map.of(new TopicPartition(topic, 0), OffsetSpec.latest(), new TopicPartition(topic, 1), OffsetSpec.maxTimestamp())).all().get();
      try (Producer<String, String> producer = new KafkaProducer<>(base)) {
        ProducerRecord<String, String> first = new ProducerRecord<>(topic, 0, "k", "h\u00e9llo");
        first.headers().add("h", "v".getBytes());
        producer.send(first).get();
        producer.send(new ProducerRecord<>(topic, 1, null, "x".repeat(5000))).get();
      }
      try (Consumer<String, String> consumer = new KafkaConsumer<>(base)) {
        consumer.subscribe(List.of(topic));
        long end = System.currentTimeMillis() + 20000;
        while (consumer.poll(Duration.ofMillis(200)).isEmpty() && System.currentTimeMillis() < end);
        consumer.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(1, Optional.of(3), "note")));
        consumer.poll(Duration.ofMillis(200));
        consumer.committed(Set.of(new TopicPartition(topic, 0)));
      }
      admin.listConsumerGroupOffsets("g").all().get();
      admin.deleteTopics(List.of(topic)).all().get();
    }
  }
}
