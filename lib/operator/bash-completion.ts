/**
 * What bash sources to complete the words of a program that answers `complete -- WORD…` with a candidate a line, each
 * before a tab and its description, and a line `:N` at the end. It sets nothing that a second sourcing, or another
 * program's completion, would stumble over, and the words come to the program as they are: none is evaluated. Candidates
 * with blanks are not foreseen.
 */
export function bashCompletion(program: string): string {
  return `# bash completion for ${program}; may be sourced again, as after an upgrade
__${program}_complete() {
    local current="\${COMP_WORDS[COMP_CWORD]}" candidate
    COMPREPLY=()
    while IFS=$'\\t' read -r candidate _; do
        if [[ $candidate != :* && $candidate == "$current"* ]]; then COMPREPLY+=("$candidate"); fi
    done < <(${program} complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F __${program}_complete ${program}`;
}
