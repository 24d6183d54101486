/** Colours of charts. Okabe and Ito's palette (2008) stays apart for every common kind of colour blindness. */
export interface ChartTheme {
  text: string
  muted: string
  line: string
  surface: string
  /** What is chosen. */
  accent: string
  train: string
  validation: string
  /** For overlaid runs, in order. */
  series: readonly string[]
  /** Bars of histograms and top values. */
  bar: string
}

/** Okabe and Ito's colours that stand off a light ground. */
const onLight = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000'] as const
/** The same palette in the order that stands off a dark ground; black gives way to its yellow. */
const onDark = ['#56B4E9', '#E69F00', '#009E73', '#CC79A7', '#D55E00', '#F0E442', '#0072B2'] as const

export const lightChart: ChartTheme = {
  text: '#1c2024',
  muted: '#60646c',
  line: '#e4e6ea',
  surface: '#ffffff',
  accent: '#0b6e82',
  train: onLight[0],
  validation: onLight[1],
  series: onLight,
  bar: '#8fa3b5',
}

export const darkChart: ChartTheme = {
  text: '#edeef0',
  muted: '#a0a5ad',
  line: '#2e3238',
  surface: '#17191d',
  accent: '#4cc2d6',
  train: onDark[0],
  validation: onDark[1],
  series: onDark,
  bar: '#5d7186',
}

export const chartFont = "'Inter Variable', system-ui, sans-serif"
