// A steady producer by Java's own client: see index.ts for its words and what it prints.
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

public class Load {
  static volatile boolean over = false;
  static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  public static void main(String[] words) throws Exception {
    String topic = words[1];
    int partitions = Integer.parseInt(words[2]);
    int perSecond = Integer.parseInt(words[3]);
    boolean all = words[4].equals("-1");
    String name = words[5];

    Properties settings = new Properties();
    settings.put("bootstrap.servers", words[0]);
    settings.put("acks", all ? "all" : "1");
    settings.put("enable.idempotence", all); // Java's idempotent producer must ask for all
    settings.put("buffer.memory", 128L << 20);
    if (words.length > 6) {
      settings.put("request.timeout.ms", words[6]);
    }
    Thread waiting = new Thread(Load::waitForEnd);
    waiting.setDaemon(true);
    waiting.start();

    int[] next = new int[partitions];
    try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      long startNanos = System.nanoTime();
      for (long sent = 0; !over; Thread.sleep(5)) {
        long owed = (System.nanoTime() - startNanos) / 1_000 * perSecond / 1_000_000;
        for (; sent < owed; sent++) {
          int partition = (int) (sent % partitions);
          send(producer, topic, partition, name + "-" + partition, next[partition]++);
        }
      }
      producer.flush();
    }
    for (int partition = 0; partition < partitions; partition++) {
      out.printf("sent %d %d%n", partition, next[partition]);
    }
  }

  static void send(KafkaProducer<String, String> producer, String topic, int partition, String key, int n) {
    String value = String.format("%-100s", key + " " + n);
    producer.send(new ProducerRecord<>(topic, partition, key, value), (sent, error) -> {
      if (error != null) {
        out.printf("f %d %d %s%n", partition, n, String.valueOf(error).replace('\n', ' '));
      } else {
        out.printf("a %d %d %d %d%n", partition, n, sent.offset(), System.currentTimeMillis());
      }
    });
  }

  static void waitForEnd() {
    try {
      while (System.in.read() >= 0) {
        // what is written there means nothing
      }
    } catch (java.io.IOException closed) {
      out.println("stdin: " + closed.getMessage());
    }
    over = true;
  }
}
