# fish completion for hansard: the program itself knows its sessions, devices, models and people.
complete --command hansard --no-files --keep-order \
    --arguments '(hansard complete fish -- (commandline --current-process --cut-at-cursor | string collect) 2>/dev/null)'
