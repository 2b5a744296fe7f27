// Kafka's own Java client writes and reads record batches, to check ours against.
//
//   java -cp <jars of kafka-clients> Batches.java write   one JSON line for each batch: its bytes, and what is in it
//   java -cp <jars of kafka-clients> Batches.java read    from lines of hex: what is in each, or what is wrong with it
//   java -cp <jars of kafka-clients> Batches.java murmur2 from lines of hex: their hashes
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Utils;

public class Batches {
  static final long START = 1_700_000_000_000L;
  static final HexFormat HEX = HexFormat.of();

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "write" -> write();
      case "read" -> lines().forEach(line -> System.out.println(describe("", HEX.parseHex(line))));
      case "murmur2" -> lines().forEach(line -> System.out.println(Utils.murmur2(HEX.parseHex(line))));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  static java.util.stream.Stream<String> lines() {
    return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII)).lines();
  }

  static void write() {
    for (CompressionType type : CompressionType.values()) {
      Compression compression = Compression.of(type).build();
      batch(type.name, compression, TimestampType.CREATE_TIME, 0, -1, (short) -1, -1, false, -1);
    }
    Compression none = Compression.NONE;
    batch("idempotent", none, TimestampType.CREATE_TIME, 0, 4711, (short) 3, 17, false, -1);
    batch("transactional, far along", none, TimestampType.CREATE_TIME, (1L << 33) + 5, 1L << 40, (short) 3, 2147483640, true, 12);
    batch("append time", none, TimestampType.LOG_APPEND_TIME, 1000, -1, (short) -1, -1, false, 7);
    MemoryRecords marker = MemoryRecords.withEndTransactionMarker(
        77, START, 5, 4711, (short) 3, new EndTransactionMarker(ControlRecordType.COMMIT, 9));
    print("commit marker", marker);
  }

  static void batch(String name, Compression compression, TimestampType timestampType, long baseOffset, long producerId,
      short epoch, int sequence, boolean transactional, int leaderEpoch) {
    MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1024), (byte) 2, compression, timestampType,
        baseOffset, timestampType == TimestampType.LOG_APPEND_TIME ? START + 60_000 : -1, producerId, epoch, sequence,
        transactional, leaderEpoch);
    builder.append(START, bytes("k1"), bytes("first"), new Header[0]);
    builder.append(START + 3, null, bytes("größer ☃ 🎈"), new Header[] {
      new RecordHeader("traceparent", bytes("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
      new RecordHeader("nothing", (byte[]) null), new RecordHeader("empty", new byte[0]) });
    builder.append(START - 2_500, bytes("gone"), null, new Header[0]);
    builder.append(START + 5_000_000_000L, bytes(""), bytes("to be compressed, ".repeat(20)), new Header[0]);
    print(name, builder.build());
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static void print(String name, MemoryRecords records) {
    byte[] raw = new byte[records.sizeInBytes()];
    records.buffer().duplicate().get(raw);
    System.out.println(describe(name, raw));
  }

  static String describe(String name, byte[] raw) {
    try {
      List<String> batches = new ArrayList<>();
      for (MutableRecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(raw)).batches()) {
        batch.ensureValid();
        List<String> records = new ArrayList<>();
        for (Record record : batch) {
          record.ensureValid();
          records.add(describe(record));
        }
        batches.add("{\"name\":\"%s\",\"compression\":\"%s\",\"baseOffset\":%d,\"lastOffset\":%d,\"leaderEpoch\":%d,\"maxTimestamp\":%d,"
            .formatted(name, batch.compressionType().name, batch.baseOffset(), batch.lastOffset(),
                batch.partitionLeaderEpoch(), batch.maxTimestamp())
            + "\"appendTime\":%b,\"producerId\":%d,\"producerEpoch\":%d,\"baseSequence\":%d,\"transactional\":%b,\"control\":%b,"
                .formatted(batch.timestampType() == TimestampType.LOG_APPEND_TIME, batch.producerId(),
                    batch.producerEpoch(), batch.baseSequence(), batch.isTransactional(), batch.isControlBatch())
            + "\"crc\":%d,\"hex\":\"%s\",\"records\":[%s]}"
                .formatted(((RecordBatch) batch).checksum(), HEX.formatHex(raw), String.join(",", records)));
      }
      if (batches.size() != 1) throw new IllegalStateException(batches.size() + " batches");
      return batches.get(0);
    } catch (RuntimeException error) {
      return "{\"error\":\"%s\"}".formatted(error.toString().replace('"', '\''));
    }
  }

  static String describe(Record record) {
    List<String> headers = new ArrayList<>();
    for (Header header : record.headers()) {
      byte[] value = header.value();
      headers.add("[%s,%s]".formatted(hex(ByteBuffer.wrap(bytes(header.key()))), hex(value == null ? null : ByteBuffer.wrap(value))));
    }
    return "{\"offset\":%d,\"timestamp\":%d,\"key\":%s,\"value\":%s,\"headers\":[%s]}".formatted(record.offset(),
        record.timestamp(), hex(record.key()), hex(record.value()), String.join(",", headers));
  }

  static String hex(ByteBuffer bytes) {
    if (bytes == null) return "null";
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    return "\"" + HEX.formatHex(copy) + "\"";
  }
}
