// A small line of values over time, drawn as SVG, with a table of the same for those who cannot see it.
import { useId } from 'react'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import './groups.css'
import { pointsOf } from './line.ts'

export interface Point {
  readonly atMs: number
  readonly value: number
}

interface SparklineProps {
  readonly title: string
  /** What the values are, as the table's head. */
  readonly unit: string
  readonly points: readonly Point[]
}

const width = 320
const height = 48
const tableRowsMax = 20

export function Sparkline({ title, unit, points }: SparklineProps) {
  const { groups: text } = useText()
  const formats = useFormats()
  const id = useId()
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined || points.length < 2) {
    return <p className="quiet sparkline-empty">{text.trend.waiting}</p>
  }
  const values = points.map(({ value }) => value)
  const line = pointsOf(points, width, height)
  const every = Math.ceil(points.length / tableRowsMax)
  return (
    <figure className="sparkline">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-labelledby={id}>
        <title id={id}>{`${title}: ${formats.count(last.value)}`}</title>
        <polygon className="sparkline-area" points={`0,${height} ${line} ${width},${height}`} />
        <polyline className="sparkline-line" points={line} vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption className="quiet number">
        <span>{text.trend.range(formats.clock(first.atMs), formats.clock(last.atMs))}</span>
        <span>
          {formats.count(Math.min(...values))} – {formats.count(Math.max(...values))}
        </span>
      </figcaption>
      <table className="visually-hidden">
        <caption>{title}</caption>
        <thead>
          <tr>
            <th>{text.trend.time}</th>
            <th>{unit}</th>
          </tr>
        </thead>
        <tbody>
          {points
            .filter((_, index) => index % every === 0)
            .map(({ atMs, value }) => (
              <tr key={atMs}>
                <td>{formats.clock(atMs)}</td>
                <td>{formats.count(value)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </figure>
  )
}
