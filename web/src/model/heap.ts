// The part of the document that tells of the objects of a heap snapshot. null where there is none.
export interface HeapData {
  number: number; // of the snapshot
}
