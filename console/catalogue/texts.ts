// Which texts there are: English has them, and every other language must. Pure, so that tests read the catalogue too.
import type { en } from './en/index.ts'

/** A text in whatever words: English says which texts there are and which values they take, not what they say. */
type Translated<Text> = Text extends (...values: infer Values) => string
  ? (...values: Values) => string
  : Text extends string
    ? string
    : { readonly [Key in keyof Text]: Translated<Text[Key]> }

/** What every language must have: a text that is missing in one does not compile. */
export type Texts = Translated<typeof en>
