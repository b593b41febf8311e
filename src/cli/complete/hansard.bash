# bash completion for hansard: the program itself knows its sessions, devices, models and people.
_hansard() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(hansard complete bash --breaks="$COMP_WORDBREAKS" -- "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    # Something follows a folder, a name and a kind of source.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/=:#] ]]; then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}
complete -o nosort -F _hansard hansard 2>/dev/null || complete -F _hansard hansard
