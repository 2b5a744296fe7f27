// Makes kafka-errors.txt: code, name and whether a retry may help, of every error that Apache Kafka's client knows.
//   java -cp kafka-clients.jar:slf4j-api.jar test/recording/KafkaErrors.java > protocol/testdata/kafka-errors.txt
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

public class KafkaErrors {
  public static void main(String[] args) {
    for (Errors error : Errors.values())
      System.out.println(error.code() + " " + error.name() + (error.exception() instanceof RetriableException ? " retriable" : ""));
  }
}
