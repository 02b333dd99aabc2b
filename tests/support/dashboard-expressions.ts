/** Every `expr` anywhere in a dashboard, however deep its panel lies. */
export function expressionsIn(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(expressionsIn);
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) =>
    name === "expr" && typeof value === "string" ? [value] : expressionsIn(value),
  );
}
