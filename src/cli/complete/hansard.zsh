#compdef hansard
# zsh completion for hansard: the program itself knows its sessions, devices, models and people.
_hansard() {
    local value help
    local -a whole shown begun shown_begun
    while IFS=$'\t' read -r value help; do
        # Something follows a folder, a name and a kind of source.
        if [[ $value == *[/=:#] ]]; then
            begun+=("$value")
            shown_begun+=("$value${help:+  -- $help}")
        else
            whole+=("$value")
            shown+=("$value${help:+  -- $help}")
        fi
    done < <(hansard complete zsh -- "${(j: :)words[1,CURRENT-1]} $PREFIX" 2>/dev/null)
    (( $#begun )) && compadd -l -V begun -d shown_begun -S '' -a begun
    (( $#whole )) && compadd -l -V whole -d shown -a whole
}
# Read as a function of zsh's own, it is called; sourced, it is made known.
if [[ ${funcstack[1]} == _hansard ]]; then
    _hansard "$@"
else
    compdef _hansard hansard
fi
