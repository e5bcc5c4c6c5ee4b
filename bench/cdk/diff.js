// The reference: the differences of each pair of templates, in JSON, by the CDK's library, printed as its own text.
const { readFileSync, readdirSync } = require("node:fs");
const { join } = require("node:path");
const { Writable } = require("node:stream");
const { fullDiff, formatDifferences } = require("@aws-cdk/cloudformation-diff");

const [before, after] = process.argv.slice(2);
let characters = 0;
const counter = new Writable({
  write(chunk, _, done) {
    characters += chunk.length;
    done();
  },
});
for (const name of readdirSync(after)) {
  const [old, planned] = [before, after].map((folder) => JSON.parse(readFileSync(join(folder, name), "utf-8")));
  formatDifferences(counter, fullDiff(old, planned));
}
console.log(characters);
