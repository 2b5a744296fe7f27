// The few icons of the console, drawn with the text's colour. Each stands beside a word, so none is read aloud.
const paths = {
  castle: 'M2 2h3v2h2V2h2v2h2V2h3v5l-1.5 1.5V14h-3v-3a1.5 1.5 0 0 0-3 0v3h-3V8.5L2 7z',
  overview: 'M2 2h5v6H2zM9 2h5v3H9zM9 7h5v7H9zM2 10h5v4H2z',
  topic: 'M2 3h12v2.500H2zM2 6.750h12v2.500H2zM2 10.500h12V13H2z',
  group:
    'M5.5 7.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1 13.500c0-2.5 2-4.5 4.5-4.500s4.5 2 4.5 4.500zM11 8a2 2 0 1 0 0-4M11.5 9.500c2 .3 3.5 2 3.5 4h-3',
  broker: 'M2 2h12v5H2zM2 9h12v5H2zM4.5 4.500h2M4.5 11.500h2',
  client: 'M2 2.500h12v8H2zM6 13.500h4M8 10.500v3',
  decision: 'M8 1.500v13M8 4H3L1.500 5.500 3 7h5M8 8.500h5L14.500 10 13 11.500H8',
  copy: 'M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3',
  play: 'M4.500 2.500v11l9-5.500z',
  pause: 'M5 3v10M11 3v10',
  warning: 'M8 1.5 15 14H1zM8 6v4M8 11.500v1',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.8 10.8 14.5 14.5',
  plus: 'M8 2.500v11M2.5 8h11',
} as const

export type IconName = keyof typeof paths

const filled: readonly IconName[] = ['castle', 'topic', 'overview']

export function Icon({ name }: { readonly name: IconName }) {
  const isFilled = filled.includes(name)
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path
        d={paths[name]}
        fill={isFilled ? 'currentColor' : 'none'}
        stroke={isFilled ? 'none' : 'currentColor'}
        strokeWidth="1.4"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  )
}
