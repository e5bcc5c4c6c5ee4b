// Prints the findings of cdk-nag's packs, and the ids of all their rules, as one JSON document.
// Usage: node nag.js FILE, which has the path of a template (JSON) in each line.
const { readFileSync } = require("node:fs");
const { App, CfnResource, Stack } = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");
const nag = require("cdk-nag");

const PACKS = [
  nag.AwsSolutionsChecks,
  nag.PCIDSS321Checks,
  nag.NIST80053R5Checks,
  nag.HIPAASecurityChecks,
  nag.ServerlessChecks,
];

function findings(file) {
  const stack = new Stack(new App(), "Stack");
  new CfnInclude(stack, "Template", { templateFile: file });
  return PACKS.flatMap((Pack) => {
    // Without a scope a pack collects what it finds and registers nowhere.
    const report = new Pack(stack).validateScope(stack);
    return report.violations.flatMap(({ ruleName, description, violatingResources }) =>
      violatingResources.map(({ constructPath }) => ({
        file,
        rule: ruleName.replace(/\[.*/s, ""), // AwsSolutions-IAM5[Resource::*] is one finding of the rule AwsSolutions-IAM5
        resource: constructPath.split("/").pop(),
        description,
      })),
    );
  });
}

// A pack has no list of its rules: it names each when it applies it, to whatever resource.
function rules() {
  const stack = new Stack(new App(), "Stack");
  const resource = new CfnResource(stack, "Resource", { type: "AWS::None::None" });
  return PACKS.flatMap((Pack) => {
    const ids = [];
    const pack = new Pack(stack);
    pack.applyRule = ({ ruleSuffixOverride, rule }) => ids.push(`${pack.readPackName}-${ruleSuffixOverride ?? rule.name}`);
    pack.checkResource(resource);
    return ids;
  });
}

const files = readFileSync(process.argv[2], "utf-8").split("\n").filter(Boolean);
process.stdout.write(JSON.stringify({ rules: rules(), findings: files.flatMap(findings) }));
