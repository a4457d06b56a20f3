// Reads a .heapsnapshot by memlab's parser and path finder; prints what a test compares, as JSON.
//   node read_heapsnapshot.js FILE
const {analysis, config, utils} = require('@memlab/core');

config.muteConsole = true;

(async () => {
  const snapshot = await utils.getSnapshotFromFile(process.argv[2], {buildNodeIdIndex: true, verbose: false});
  analysis.preparePathFinder(snapshot);
  const nodes = [];
  let count = 0;
  let bytes = 0;
  snapshot.nodes.forEach(node => {
    count++;
    bytes += node.self_size;
    const path = [];
    for (let at = node; at && at.pathEdge && path.length < 100; at = at.pathEdge.fromNode) {
      path.unshift([String(at.pathEdge.name_or_index), at.pathEdge.type]);
    }
    nodes.push([node.id, node.type, node.name, node.self_size, node.retainedSize, path.length < 12 ? path : null]);
  });
  process.stdout.write(JSON.stringify({count, edges: snapshot.edges.length, bytes, nodes}));
})().catch(error => {
  console.error(error);
  process.exit(1);
});
