import { type LayerView } from '../../src-main/contract'

/** The layer diagram as plain geometry: blocks in columns from inputs to output, ribbons as thick as the data is wide. */
export interface Block {
  layer: LayerView
  x: number
  y: number
  width: number
  height: number
  /** Every parameter of the block is frozen. */
  frozen: boolean
}

export interface Ribbon {
  from: string
  to: string
  path: string
  thickness: number
  frozen: boolean
}

export interface Diagram {
  width: number
  height: number
  blocks: Block[]
  ribbons: Ribbon[]
}

const gapX = 30
const gapY = 10
const margin = 12
const thickest = 18
const sizes: Record<LayerView['kind'], { width: number; height: number }> = {
  column: { width: 126, height: 30 },
  table: { width: 84, height: 44 },
  concat: { width: 92, height: 74 },
  cross: { width: 92, height: 74 },
  dense: { width: 92, height: 74 },
  output: { width: 92, height: 74 },
}

/** Values that a layer passes on for one row. */
export function widthOf(layer: LayerView): number {
  return layer.shape.slice(1).reduce<number>((product, size) => product * (size ?? 1), 1)
}

/** Lays the layers out; the graph is acyclic by construction and comes in any order. */
export function layOut(layers: readonly LayerView[]): Diagram {
  const depth = depths(layers)
  const ranks: LayerView[][] = []
  for (const layer of layers) (ranks[depth.get(layer.id) ?? 0] ??= []).push(layer)

  const centre = new Map<string, number>()
  const blocks = new Map<string, Block>()
  let x = margin
  for (const rank of ranks) {
    const width = Math.max(...rank.map((layer) => sizes[layer.kind].width))
    let floor = margin
    const wished = rank
      .map((layer, index) => ({
        layer,
        at: wish(layer, centre) ?? index * (sizes.table.height + gapY) + margin + 22,
      }))
      .sort((a, b) => a.at - b.at)
    for (const { layer, at } of wished) {
      const { width: own, height } = sizes[layer.kind]
      const y = Math.max(at - height / 2, floor)
      floor = y + height + gapY
      centre.set(layer.id, y + height / 2)
      const frozen = layer.parameters > 0 && layer.trainableParameters === 0
      blocks.set(layer.id, { layer, x: x + (width - own) / 2, y, width: own, height, frozen })
    }
    x += width + gapX
  }

  const all = [...blocks.values()]
  return {
    width: x - gapX + margin,
    height: Math.max(...all.map((block) => block.y + block.height), 0) + margin,
    blocks: all,
    ribbons: ribbonsOf(layers, blocks),
  }
}

/** Longest way from an input, so that every ribbon goes to the right; inputs stand left, tables right after them. */
function depths(layers: readonly LayerView[]): Map<string, number> {
  const byId = new Map(layers.map((layer) => [layer.id, layer]))
  const depth = new Map<string, number>()
  const visit = (id: string): number => {
    const known = depth.get(id)
    if (known !== undefined) return known
    const inputs = byId.get(id)?.inputs.filter((input) => byId.has(input)) ?? []
    const found = inputs.length === 0 ? 0 : Math.max(...inputs.map(visit)) + 1
    depth.set(id, found)
    return found
  }
  for (const layer of layers) visit(layer.id)
  return depth
}

/** The height at which a layer would sit straight behind its inputs. */
function wish(layer: LayerView, centre: ReadonlyMap<string, number>): number | null {
  const heights = layer.inputs.flatMap((input) => centre.get(input) ?? [])
  return heights.length === 0 ? null : heights.reduce((sum, height) => sum + height, 0) / heights.length
}

function ribbonsOf(layers: readonly LayerView[], blocks: ReadonlyMap<string, Block>): Ribbon[] {
  const widest = Math.max(...layers.map(widthOf), 1)
  const thick = (layer: LayerView): number => Math.max(1.5, thickest * Math.sqrt(widthOf(layer) / widest))
  return layers.flatMap((layer) => {
    const to = blocks.get(layer.id)
    if (!to) return []
    const sources = layer.inputs.flatMap((input) => blocks.get(input) ?? []).sort((a, b) => a.y - b.y)
    const total = sources.reduce((sum, source) => sum + thick(source.layer), 0)
    // Where many ribbons end in one block they lie side by side, as far as its side is long.
    const room = Math.min(to.height - 8, total)
    let at = to.y + to.height / 2 - room / 2
    return sources.map((source) => {
      const thickness = thick(source.layer)
      const slot = (thickness / total) * room
      const y1 = source.y + source.height / 2
      const y2 = at + slot / 2
      at += slot
      return {
        from: source.layer.id,
        to: layer.id,
        path: route(source, to, y1, y2, [...blocks.values()]),
        thickness,
        frozen: source.frozen,
      }
    })
  })
}

/** Level from the source, then a bend in the last gap; over the heads of blocks that stand in between. */
function route(from: Block, to: Block, y1: number, y2: number, blocks: readonly Block[]): string {
  const [x1, x2] = [from.x + from.width, to.x]
  const turn = Math.max(x1, x2 - gapX)
  const middle = (turn + x2) / 2
  const between = blocks.filter(
    (block) => block.x >= x1 && block.x + block.width <= x2 && block.y <= y1 && block.y + block.height >= y1,
  )
  if (between.length === 0) return `M${x1},${y1}H${turn}C${middle},${y1} ${middle},${y2} ${x2},${y2}`
  const above = Math.min(...between.map((block) => block.y)) - 18
  const rise = x1 + gapX
  return `M${x1},${y1}C${x1 + gapX / 2},${y1} ${rise - gapX / 2},${above} ${rise},${above}H${turn}C${middle},${above} ${middle},${y2} ${x2},${y2}`
}

/** The layer with everything that feeds it and everything it feeds. */
export function pathThrough(layers: readonly LayerView[], id: string): Set<string> {
  const byId = new Map(layers.map((layer) => [layer.id, layer]))
  const found = new Set<string>()
  const back = (layer: string): void => {
    found.add(layer)
    for (const input of byId.get(layer)?.inputs ?? []) if (!found.has(input)) back(input)
  }
  const seenAhead = new Set<string>()
  const ahead = (layer: string): void => {
    if (seenAhead.has(layer)) return
    seenAhead.add(layer)
    found.add(layer)
    for (const next of layers) if (next.inputs.includes(layer)) ahead(next.id)
  }
  back(id)
  ahead(id)
  return found
}
