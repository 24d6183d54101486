import type { GlobalThemeOverrides } from 'naive-ui'

interface Colours {
  surface: string
  raised: string
  sunken: string
  hover: string
  line: string
  lineStrong: string
  text: string
  text2: string
  text3: string
  accent: string
  accentHover: string
  accentPressed: string
  bad: string
  warn: string
  good: string
}

/** Naive UI computes shades from its colours, so it needs values; they are those of styles/tokens.css. */
const light: Colours = {
  surface: '#ffffff',
  raised: '#ffffff',
  sunken: '#f0f1f4',
  hover: '#eef0f3',
  line: '#e1e4e8',
  lineStrong: '#c5cad1',
  text: '#1c2024',
  text2: '#4b5058',
  text3: '#5f656e',
  accent: '#0b6e82',
  accentHover: '#0d7f96',
  accentPressed: '#095a6b',
  bad: '#b3261e',
  warn: '#8a5300',
  good: '#1a7440',
}

const dark: Colours = {
  surface: '#17191d',
  raised: '#1e2126',
  sunken: '#121417',
  hover: '#22262b',
  line: '#2a2e34',
  lineStrong: '#434951',
  text: '#edeef0',
  text2: '#c0c4ca',
  text3: '#9aa0a8',
  accent: '#4cc2d6',
  accentHover: '#6fd0e1',
  accentPressed: '#35adc2',
  bad: '#ff8f85',
  warn: '#f0b955',
  good: '#62c98a',
}

function overrides(c: Colours): GlobalThemeOverrides {
  return {
    common: {
      fontFamily: "'Inter Variable', system-ui, sans-serif",
      fontFamilyMono: "'JetBrains Mono Variable', ui-monospace, monospace",
      fontSize: '13px',
      fontSizeSmall: '13px',
      fontSizeMedium: '13px',
      fontWeightStrong: '600',
      borderRadius: '6px',
      borderRadiusSmall: '4px',
      heightTiny: '22px',
      heightSmall: '28px',
      heightMedium: '32px',
      primaryColor: c.accent,
      primaryColorHover: c.accentHover,
      primaryColorPressed: c.accentPressed,
      primaryColorSuppl: c.accentHover,
      errorColor: c.bad,
      errorColorHover: c.bad,
      errorColorPressed: c.bad,
      warningColor: c.warn,
      successColor: c.good,
      textColorBase: c.text,
      textColor1: c.text,
      textColor2: c.text,
      textColor3: c.text3,
      placeholderColor: c.text3,
      borderColor: c.lineStrong,
      dividerColor: c.line,
      hoverColor: c.hover,
      popoverColor: c.raised,
      cardColor: c.surface,
      modalColor: c.raised,
      bodyColor: c.surface,
      inputColor: c.surface,
      tableColor: c.surface,
      cubicBezierEaseInOut: 'cubic-bezier(0, 0, 0.2, 1)',
    },
    Button: { fontWeight: '500', paddingMedium: '0 14px', paddingSmall: '0 10px' },
    // Naive UI's dark fields have no border; ours do in both themes, for they are to be found at a glance.
    Input: {
      color: c.surface,
      colorFocus: c.surface,
      border: `1px solid ${c.lineStrong}`,
      borderHover: `1px solid ${c.accentHover}`,
      borderFocus: `1px solid ${c.accent}`,
    },
    InternalSelection: {
      color: c.surface,
      colorActive: c.surface,
      border: `1px solid ${c.lineStrong}`,
      borderHover: `1px solid ${c.accentHover}`,
      borderFocus: `1px solid ${c.accent}`,
      borderActive: `1px solid ${c.accent}`,
    },
    Switch: { railColorActive: c.accent },
    Tooltip: {
      color: c.raised,
      textColor: c.text,
      peers: { Popover: { color: c.raised, textColor: c.text } },
    },
  }
}

export const lightOverrides = overrides(light)
export const darkOverrides = overrides(dark)
