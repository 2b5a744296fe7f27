// The completion script of zsh: _arguments does the work, with the help's words beside each choice.
import type { CompletedCommand, CompletedOption, CompletionModel } from './model.ts'
import { nounsOf, quoted, verbsOf } from './model.ts'

export function zshScript(model: CompletionModel): string {
  const nouns = nounsOf(model)
  const branches = nouns.map(({ word }) => {
    const verbs = verbsOf(model, word)
    if (verbs.length === 0) return `    ${word}) shift words; ((CURRENT--)); _castellan_${word} ;;`
    return `    ${word})
      if ((CURRENT == 3)); then
        choices=(${verbs.map(described).join(' ')})
        _describe 'command' choices
      else
        local call="_castellan_${word}_\${words[3]}"
        shift 2 words
        ((CURRENT -= 2))
        (($+functions[$call])) && $call
      fi
      ;;`
  })
  return `#compdef castellan
# zsh completion of castellan, made by: castellan completion zsh
# Load it after compinit: source <(castellan completion zsh)

# Names that Castle knows. It is asked where the line says, and has a second to answer.
_castellan_names() {
  local -a castle names
  local at=\${words[(I)--castle]}
  ((at > 0 && at < CURRENT)) && castle=(--castle "\${words[at + 1]}")
  at=\${words[(I)--castle=*]}
  ((at > 0)) && castle=("\${words[at]}")
  names=(\${(f)"$(castellan names $1 $castle 2> /dev/null)"})
  compadd -a names
}
${model.commands.map(commandFunction).join('')}
_castellan() {
  local -a choices
  if ((CURRENT == 2)); then
    choices=(${nouns.map(described).join(' ')})
    _describe 'command' choices
    return
  fi
  case \${words[2]} in
${branches.join('\n')}
  esac
}

compdef _castellan castellan
`
}

function commandFunction({ name, options, args }: CompletedCommand): string {
  const specs = [...options.map(optionSpec), ...args.map(argumentSpec)]
  return `
_castellan_${name.replaceAll(' ', '_')}() {
  _arguments -S \\
    ${specs.join(' \\\n    ')}
}
`
}

function optionSpec(option: CompletedOption): string {
  const { flag, value, doc, multiple } = option
  const spec = `${multiple === true ? '*' : ''}${flag}[${plain(doc)}]`
  return quoted(value === undefined ? spec : `${spec}:${value}:${action(option)}`)
}

function argumentSpec(arg: CompletedCommand['args'][number], index: number): string {
  const isMany = 'multiple' in arg && arg.multiple === true
  const name = 'name' in arg ? String(arg.name) : ''
  return quoted(`${isMany ? '*' : index + 1}:${name}:${action(arg)}`)
}

function action({ values, named, file }: Pick<CompletedOption, 'values' | 'named' | 'file'>): string {
  if (values !== undefined) return `(${values.join(' ')})`
  // The space in front: called as it stands, without the words that _arguments adds for compadd.
  if (named !== undefined) return ` _castellan_names ${named}`
  return file === true ? '_files' : ' '
}

function described({ word, summary }: { word: string; summary: string }): string {
  return quoted(`${word}:${summary.replaceAll(':', ' ')}`)
}

/** Brackets, colons and backslashes mean something in a spec. */
function plain(text: string): string {
  return text.replace(/[[\]:\\]/g, (character) => `\\${character}`)
}
