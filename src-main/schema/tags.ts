/** The tag vocabulary of NVIDIA Merlin (merlin/schema/tags.py). Other tags are allowed and kept. */
export const tagFamilies = {
  kind: ['categorical', 'continuous', 'list', 'sequence', 'text', 'tokenized', 'time', 'embedding'],
  context: ['id', 'user', 'item', 'session', 'context'],
  target: ['target', 'regression', 'classification', 'binary', 'multi_class'],
  compound: [
    'user_id',
    'item_id',
    'session_id',
    'text_tokenized',
    'binary_classification',
    'multi_class_classification',
  ],
} as const

export type TagFamily = keyof typeof tagFamilies
export type KnownTag = (typeof tagFamilies)[TagFamily][number]

/** Every known tag, family by family. */
export const knownTags: readonly KnownTag[] = [
  ...tagFamilies.kind,
  ...tagFamilies.context,
  ...tagFamilies.target,
  ...tagFamilies.compound,
]

/**
 * What a compound tag says in single tags. The first four are Merlin's; the two classifications are ours, for
 * selecting by `classification` must find them too.
 */
export const compoundTags: Readonly<Record<string, readonly KnownTag[]>> = {
  user_id: ['user', 'id'],
  item_id: ['item', 'id'],
  session_id: ['session', 'id'],
  text_tokenized: ['text', 'tokenized'],
  binary_classification: ['binary', 'classification'],
  multi_class_classification: ['multi_class', 'classification'],
}

/** Pairs of tags that no column may carry together, compound tags counted by their parts. */
export const tagCollisions: readonly (readonly [KnownTag, KnownTag])[] = [
  ['categorical', 'continuous'],
  ['categorical', 'embedding'],
  ['continuous', 'embedding'],
  ['continuous', 'id'],
  ['embedding', 'id'],
]

export function isKnownTag(tag: string): tag is KnownTag {
  return (knownTags as readonly string[]).includes(tag)
}

/** The family of a known tag, or null. */
export function familyOf(tag: string): TagFamily | null {
  for (const family of ['kind', 'context', 'target', 'compound'] as const)
    if ((tagFamilies[family] as readonly string[]).includes(tag)) return family
  return null
}

/** The tags with the parts of compound tags added; `user` and `id` together imply `user_id`, and so on. */
export function expandTags(tags: readonly string[]): Set<string> {
  const all = new Set(tags)
  for (const tag of tags) for (const part of partsOf(tag)) all.add(part)
  for (const [compound, parts] of Object.entries(compoundTags))
    if (parts.every((part) => all.has(part))) all.add(compound)
  return all
}

/** The single tags that a compound tag stands for; none for a single tag. */
export function partsOf(tag: string): readonly KnownTag[] {
  return Object.hasOwn(compoundTags, tag) ? (compoundTags[tag] ?? []) : []
}

/** Lists of tags are never changed in place, and asked often: what one says is found out once. */
const expanded = new WeakMap<readonly string[], ReadonlySet<string>>()

/** Whether the tags say `tag`, directly, as a part of a compound tag, or as all parts of one. */
export function hasTag(tags: readonly string[], tag: string): boolean {
  const known = expanded.get(tags)
  if (known) return known.has(tag)
  const all = expandTags(tags)
  expanded.set(tags, all)
  return all.has(tag)
}

/** The pairs of tags among these that exclude each other. */
export function collisionsOf(tags: readonly string[]): [KnownTag, KnownTag][] {
  return tagCollisions.filter(([a, b]) => hasTag(tags, a) && hasTag(tags, b)).map(([a, b]) => [a, b])
}

/** The tags of `tags` that stand in the way of adding `tag`: what an editor removes when the person says `tag`. */
export function tagsExcludedBy(tag: string, tags: readonly string[]): string[] {
  return tags.filter(
    (other) => other !== tag && collisionsOf([other]).length === 0 && collisionsOf([other, tag]).length > 0,
  )
}

/** The columns that carry every one of the tags, in the order of the schema. */
export function select<C extends { tags: readonly string[] }>(columns: readonly C[], ...tags: string[]): C[] {
  return columns.filter((column) => {
    const all = expandTags(column.tags)
    return tags.every((tag) => all.has(tag))
  })
}
