// Of all the declarations that tsc wrote, those that the exports of an entry reach, statement by statement.
//
//   index.d.ts ─ exports Consumer ─> consumer.d.ts: class Consumer ─ mentions Handler ─> types.d.ts: type Handler ─> ...
//
// Files keep their places; what is not reached is left out, and each import names the file that declares the thing, so that nothing is
// taken in because it stands in the same index. It reads what tsc writes, not TypeScript at large: statements begin at the start of a
// line, imports and exports are lists of names. What it does not understand it refuses, and the test of the package compiles
// what comes out.

interface Statement {
  readonly text: string
  /** Words of its code: the names it may refer to, and more that do no harm. */
  readonly words: ReadonlySet<string>
}

interface Named {
  readonly from: string
  readonly name: string
  readonly typeOnly: boolean
}

interface Declarations {
  /** By name; a function with overloads has several. */
  readonly statements: ReadonlyMap<string, Statement[]>
  readonly imports: ReadonlyMap<string, Named>
  /** `export { a as b } from './x'`, and `export { a as b }`, where `from` is ''. */
  readonly exports: ReadonlyMap<string, Named>
  readonly stars: readonly string[]
}

/** Where a name is declared: in a file of ours, or in a package (then `file` is its specifier). */
interface Home {
  readonly file: string
  readonly name: string
  readonly isOurs: boolean
}

export interface Sources {
  /** The text of a declaration file. */
  readonly read: (file: string) => string
  /** The file that a specifier means in `file`; undefined: a package's. */
  readonly resolve: (file: string, specifier: string) => string | undefined
  /** Whether users have that package. */
  readonly usersHave: (specifier: string) => boolean
}

const firstWords =
  /^(?:export |declare |abstract )*(?:class|function|const|let|var|interface|type|enum|namespace|import|export)\b/
const declared = /^(?:export |declare |abstract )*(?:class|function|const|let|var|interface|type|enum) ([\w$]+)/
const nameLists = /^(import|export) (type )?\{([^}]*)\}(?: from ['"]([^'"]+)['"])?;?$/
const starExport = /^export \* from ['"]([^'"]+)['"];?$/

/** The declarations reached from `entries`: by file, as text, with imports of the form `importOf` gives. */
export function reach(
  entries: readonly string[],
  sources: Sources,
  importOf: (file: string, from: Home) => string,
): Map<string, string> {
  const library = new Library(sources)
  const reached = new Reached(library, sources.usersHave)
  const faces = entries.map((entry): [string, string] => {
    const { exports, stars, statements } = library.open(entry)
    if (stars.length > 0 || statements.size > 0) refuse(entry, 'an entry exports names of other files, one by one')
    const lines = [...exports].map(([name, named]) => {
      const home = library.homeOf(entry, named)
      reached.add(home, name)
      return `export ${named.typeOnly ? 'type ' : ''}{ ${alias(home.name, name)} } from '${importOf(entry, home)}';`
    })
    return [entry, `${lines.join('\n')}\n`]
  })

  const rooms = [...reached.files].map(([file, names]): [string, string] => {
    const imports = [...names].flatMap(([name, home]) =>
      home === 'here' ? [] : [`import { ${alias(home.name, name)} } from '${importOf(file, home)}';`],
    )
    const kept = [...library.open(file).statements].filter(([name]) => names.get(name) === 'here')
    const texts = kept.flatMap(([, statements]) => statements.map(({ text }) => text))
    return [file, `${[...imports, ...texts].join('\n')}\nexport {};\n`]
  })
  return new Map([...rooms, ...faces])
}

function alias(name: string, local: string): string {
  return name === local ? name : `${name} as ${local}`
}

/** All declaration files, read when they are asked for. */
class Library {
  readonly #sources: Sources
  readonly #files = new Map<string, Declarations>()

  constructor(sources: Sources) {
    this.#sources = sources
  }

  open(file: string): Declarations {
    const known = this.#files.get(file)
    if (known !== undefined) return known
    const found = parse(file, this.#sources.read(file))
    this.#files.set(file, found)
    return found
  }

  /** Where a name that `file` imports or passes on is declared. */
  homeOf(file: string, { from, name }: Named): Home {
    if (from === '') return this.inside(file, name)
    const target = this.#sources.resolve(file, from)
    if (target === undefined) return { file: from, name, isOurs: false }
    return this.#exported(target, name) ?? refuse(file, `'${name}' is not exported by ${from}`)
  }

  /** Where a name that `file` uses is declared. */
  inside(file: string, name: string): Home {
    const { statements, imports } = this.open(file)
    if (statements.has(name)) return { file, name, isOurs: true }
    const imported = imports.get(name)
    return imported === undefined ? refuse(file, `'${name}' is declared nowhere`) : this.homeOf(file, imported)
  }

  #exported(file: string, name: string): Home | undefined {
    const { statements, exports, stars } = this.open(file)
    const named = exports.get(name)
    if (named !== undefined) return this.homeOf(file, named)
    if (statements.has(name)) return { file, name, isOurs: true }
    for (const star of stars) {
      const target = this.#sources.resolve(file, star) ?? refuse(file, `it exports all of ${star}`)
      const found = this.#exported(target, name)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** What is needed of each file: names that it declares, and names that it imports from elsewhere. */
class Reached {
  readonly files = new Map<string, Map<string, Home | 'here'>>()
  readonly #library: Library
  readonly #usersHave: (specifier: string) => boolean

  constructor(library: Library, usersHave: (specifier: string) => boolean) {
    this.#library = library
    this.#usersHave = usersHave
  }

  /** Adds a name where it is declared, and all that its statements mention. `path` says how it was reached. */
  add({ file, name, isOurs }: Home, path: string): void {
    if (!isOurs) {
      if (this.#usersHave(file)) return
      throw new Error(`${path} shows ${name} of ${file}, which users do not have: mark one of them @internal`)
    }
    const names = this.files.get(file) ?? new Map<string, Home | 'here'>()
    this.files.set(file, names)
    if (names.has(name)) return
    names.set(name, 'here')
    const { statements, imports } = this.#library.open(file)
    for (const { text, words } of statements.get(name)!) {
      if (words.has('import')) refuse(file, `import by name what this imports on the fly:\n${text}`)
      for (const word of words) {
        if (names.has(word) || !(statements.has(word) || imports.has(word))) continue
        const home = this.#library.inside(file, word)
        if (home.file !== file) names.set(word, home)
        this.add(home, `${path} > ${word}`)
      }
    }
  }
}

function parse(file: string, text: string): Declarations {
  const statements = new Map<string, Statement[]>()
  const imports = new Map<string, Named>()
  const exports = new Map<string, Named>()
  const stars: string[] = []
  for (const statement of split(text)) {
    const code = withoutComments(statement).trim()
    const [, name] = declared.exec(code) ?? []
    const [, kind, typeOnly, list, from = ''] = nameLists.exec(code) ?? []
    const [, star] = starExport.exec(code) ?? []
    if (name !== undefined) {
      const words = new Set(code.replace(/'[^'\n]*'|"[^"\n]*"/g, '').match(/[\w$]+/g))
      statements.set(name, [...(statements.get(name) ?? []), { text: statement, words }])
    } else if (list !== undefined) {
      for (const one of namesOf(list, typeOnly !== undefined)) {
        const { outer, inner, typeOnly } = one
        if (kind === 'import') imports.set(inner, { from, name: outer, typeOnly })
        else exports.set(inner, { from, name: outer, typeOnly })
      }
    } else if (star !== undefined) stars.push(star)
    else refuse(file, `not understood: ${code}`)
  }
  return { statements, imports, exports, stars }
}

/** `a, type b as c` */
function namesOf(list: string, typeOnly: boolean): { outer: string; inner: string; typeOnly: boolean }[] {
  const names = list.split(',').map((name) => name.trim())
  return names.filter(Boolean).map((name) => {
    const [outer = '', inner = outer] = name.replace(/^type /, '').split(' as ')
    return { outer, inner, typeOnly: typeOnly || name.startsWith('type ') }
  })
}

/** Statements with the comments before them. A comment at the start of a line may also stand in the middle of a union. */
function split(text: string): string[] {
  const statements: string[][] = []
  let comment: string[] = []
  let isInComment = false
  for (const line of text.split('\n')) {
    if (isInComment || line.startsWith('/*') || line.startsWith('//')) {
      comment.push(line)
      isInComment = !line.startsWith('//') && !line.includes('*/')
      continue
    }
    if (firstWords.test(line)) statements.push([...comment, line])
    else if (line.trim() !== '') statements.at(-1)?.push(...comment, line)
    comment = []
  }
  return statements.map((lines) => lines.join('\n'))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\/\/.*$/gm, '')
}

function refuse(file: string, problem: string): never {
  throw new Error(`the declarations of ${file} cannot be packed: ${problem}`)
}
