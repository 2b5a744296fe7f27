// The completion script of bash. It needs nothing but bash itself (4.1 or newer).
//
//   words so far ──► command ──► after an option with a value: its values │ -...: options │ else: arguments
import type { CompletedCommand, CompletedOption, CompletionModel } from './model.ts'
import { nounsOf, quoted, verbsOf } from './model.ts'

export function bashScript(model: CompletionModel): string {
  const nouns = nounsOf(model)
  const branches = nouns.flatMap(({ word }) => {
    const verbs = verbsOf(model, word)
    return verbs.length === 0
      ? []
      : [`      ${word}) _castellan_words ${quoted(verbs.map((verb) => verb.word).join(' '))} ;;`]
  })
  return `# bash completion of castellan, made by: castellan completion bash
# Load it: source <(castellan completion bash)

# Offers the words that begin with what is typed.
_castellan_words() {
  local IFS=$' \\t\\n'
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

# Offers names that Castle knows. It is asked where the line says, and has a second to answer.
_castellan_names() {
  local i castle=()
  for ((i = 1; i < \${#words[@]} - 1; i++)); do
    [[ \${words[i]} == --castle ]] && castle=(--castle "\${words[i + 1]}")
    [[ \${words[i]} == --castle=* ]] && castle=("\${words[i]}")
  done
  _castellan_words "$(castellan names "$1" "\${castle[@]}" 2> /dev/null)"
}

_castellan_files() {
  local IFS=$'\\n'
  compopt -o filenames 2> /dev/null
  COMPREPLY=($(compgen -f -- "$cur"))
}

# The words of the line up to the cursor, split at spaces alone: bash also splits URLs at their colons.
_castellan_split() {
  local line=\${COMP_LINE:0:COMP_POINT}
  local IFS=$' \\t\\n'
  set -f
  words=($line)
  set +f
  [[ $line == *[[:space:]] ]] && words+=('')
  cur=\${words[\${#words[@]} - 1]}
}

_castellan() {
  local cur words command place i
  _castellan_split
  COMPREPLY=()
  if ((\${#words[@]} <= 2)); then
    _castellan_words ${quoted(nouns.map(({ word }) => word).join(' '))}
    return
  fi
  if ((\${#words[@]} == 3)); then
    case \${words[1]} in
${branches.join('\n')}
      *) ;;
    esac
    [[ \${#COMPREPLY[@]} -gt 0 ]] && return
  fi
  case "\${words[1]} \${words[2]}" in
${model.commands.map(commandName).join('\n')}
    *) return ;;
  esac
  "_castellan_\${command// /_}"
}
${model.commands.map(commandFunction).join('')}
complete -F _castellan castellan
`
}

function commandName({ name }: CompletedCommand): string {
  const isPair = name.includes(' ')
  return `    ${isPair ? quoted(name) : `${quoted(`${name} `)}*`}) command=${quoted(name)} place=${isPair ? 3 : 2} ;;`
}

/** Completes what follows one command. */
function commandFunction({ name, options, args }: CompletedCommand): string {
  const valued = options.filter(({ value }) => value !== undefined)
  const flags = options.map(({ flag }) => flag).join(' ')
  const argument = args.map((arg, index) => {
    const isLast = index === args.length - 1
    return `    ${isLast && 'multiple' in arg && arg.multiple === true ? '*' : index}) ${offer(arg)} ;;`
  })
  return `
_castellan_${name.replaceAll(' ', '_')}() {
  local at=0
  case \${words[\${#words[@]} - 2]} in
${valued.map((option) => `    ${option.flag}) ${offer(option)}; return ;;`).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    _castellan_words ${quoted(flags)}
    return
  fi
  for ((i = place; i < \${#words[@]} - 1; i++)); do
    case \${words[i]} in
      ${valued.length === 0 ? '--*=' : valued.map(({ flag }) => flag).join(' | ')}) ((i++)) ;;
      -*) ;;
      *) ((at++)) ;;
    esac
  done
  case $at in
${argument.join('\n')}
    *) ;;
  esac
}
`
}

function offer({ values, named, file }: Pick<CompletedOption, 'values' | 'named' | 'file'>): string {
  if (values !== undefined) return `_castellan_words ${quoted(values.join(' '))}`
  if (named !== undefined) return `_castellan_names ${named}`
  return file === true ? '_castellan_files' : ':'
}
