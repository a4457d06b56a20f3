// Reads an HPROF file by Shark; prints what a test compares, one line for each object that was asked for.
//   java -cp 'shark/*' ReadHprof.java FILE
import java.io.File;
import java.util.*;
import kotlin.sequences.Sequence;
import shark.*;

public class ReadHprof {
  // By number: what each object refers to, and its size as the file tells it.
  static long[] ids;
  static int[][] references;
  static long[] sizes;
  static String[] classes;
  static final Map<Long, Integer> numbers = new HashMap<>();

  public static void main(String[] arguments) throws Exception {
    try (CloseableHeapGraph graph = HprofHeapGraph.Companion.openHeapGraph(new File(arguments[0]), null, HprofRecordTag.Companion.getRootTags())) {
      read(graph);
      BitSet all = reach(roots(graph), -1);
      System.out.println("instances\t" + graph.getInstanceCount());
      System.out.println("roots\t" + graph.getGcRoots().size());
      long total = 0;
      for (int i = all.nextSetBit(0); i >= 0; i = all.nextSetBit(i + 1)) total += sizes[i];
      System.out.println("reachable\t" + total);
      Map<String, long[]> types = new TreeMap<>();
      for (int i = 0; i < ids.length; i++) {
        if (classes[i] != null) {
          long[] row = types.computeIfAbsent(classes[i], name -> new long[2]);
          row[0]++;
          row[1] += owned(i);
        }
      }
      types.forEach((name, row) -> System.out.println("type\t" + row[0] + "\t" + row[1] + "\t" + name));
      for (int k = 1; k < arguments.length; k++) {
        int wanted = numbers.get(Long.parseUnsignedLong(arguments[k].substring(2), 16));
        BitSet rest = reach(roots(graph), wanted);
        long kept = 0;
        for (int i = all.nextSetBit(0); i >= 0; i = all.nextSetBit(i + 1)) if (!rest.get(i)) kept += sizes[i];
        System.out.println("retained\t" + kept + "\t" + arguments[k]);
      }
      fields(graph, arguments);
    }
  }

  // An object with the arrays that are its own.
  static long owned(int number) {
    long size = sizes[number];
    for (int target : references[number]) if (classes[target] == null && sizes[target] >= 0 && isArray(target)) size += sizes[target];
    return size;
  }

  static boolean isArray(int number) {
    return ids[number] >>> 48 == 0xfffd || ids[number] >>> 48 == 0xfffc;
  }

  static void read(HeapGraph graph) {
    List<HeapObject> objects = new ArrayList<>();
    for (Iterator<HeapObject> i = graph.getObjects().iterator(); i.hasNext();) objects.add(i.next());
    int count = objects.size();
    ids = new long[count];
    sizes = new long[count];
    classes = new String[count];
    references = new int[count][];
    for (int i = 0; i < count; i++) numbers.put(ids[i] = objects.get(i).getObjectId(), i);
    for (int i = 0; i < count; i++) {
      HeapObject object = objects.get(i);
      List<Long> targets = new ArrayList<>();
      if (object instanceof HeapObject.HeapInstance) {
        HeapObject.HeapInstance instance = (HeapObject.HeapInstance) object;
        classes[i] = instance.getInstanceClassName();
        sizes[i] = instance.getByteSize();
        for (Iterator<HeapField> f = instance.readFields().iterator(); f.hasNext();) {
          Long target = f.next().getValue().getAsNonNullObjectId();
          if (target != null) targets.add(target);
        }
      } else if (object instanceof HeapObject.HeapObjectArray) {
        HeapObject.HeapObjectArray array = (HeapObject.HeapObjectArray) object;
        for (long target : array.readRecord().getElementIds()) if (target != 0) targets.add(target);
        sizes[i] = array.readByteSize();
      } else if (object instanceof HeapObject.HeapPrimitiveArray) {
        sizes[i] = ((HeapObject.HeapPrimitiveArray) object).readByteSize();
      }
      references[i] = new int[targets.size()];
      for (int k = 0; k < targets.size(); k++) references[i][k] = numbers.get(targets.get(k));
    }
  }

  static int[] roots(HeapGraph graph) {
    return graph.getGcRoots().stream().mapToInt(root -> numbers.get(root.getId())).toArray();
  }

  // What the roots reach without the object `without`.
  static BitSet reach(int[] roots, int without) {
    BitSet seen = new BitSet(ids.length);
    ArrayDeque<Integer> queue = new ArrayDeque<>();
    for (int root : roots) {
      if (root == without || seen.get(root)) continue;
      seen.set(root);
      queue.add(root);
    }
    while (!queue.isEmpty()) {
      for (int target : references[queue.poll()]) {
        if (target == without || seen.get(target)) continue;
        seen.set(target);
        queue.add(target);
      }
    }
    return seen;
  }

  // The fields of the objects that were asked for: name, and the class of what it leads to.
  static void fields(HeapGraph graph, String[] arguments) {
    for (int k = 1; k < arguments.length; k++) {
      HeapObject object = graph.findObjectById(Long.parseUnsignedLong(arguments[k].substring(2), 16));
      for (Iterator<HeapField> f = ((HeapObject.HeapInstance) object).readFields().iterator(); f.hasNext();) {
        HeapField field = f.next();
        HeapObject target = field.getValue().getAsObject();
        String type = target instanceof HeapObject.HeapInstance ? ((HeapObject.HeapInstance) target).getInstanceClassName() : "";
        System.out.println("field\t" + arguments[k] + "\t" + field.getName() + "\t" + type);
      }
    }
  }
}
