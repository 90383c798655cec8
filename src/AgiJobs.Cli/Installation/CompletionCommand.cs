using System.CommandLine;
using System.CommandLine.Completions;
using System.Text;

namespace AgiJobs.Cli.Installation;

/// <summary><c>completion bash|zsh|fish</c>: a script that completes what the command tree has.</summary>
internal static class CompletionCommand
{
    public static Command Build(CommandEnvironment environment, RootCommand root)
    {
        var command = new Command("completion", "print a script that completes commands and options in a shell");
        foreach (var (shell, use, write) in new (string, string, Func<RootCommand, string>)[]
        {
            ("bash", "source <(agijobs completion bash), or put it into /etc/bash_completion.d/", Bash),
            ("zsh", "source <(agijobs completion zsh), after compinit", Zsh),
            ("fish", "agijobs completion fish > ~/.config/fish/completions/agijobs.fish", Fish),
        })
        {
            var inner = new Command(shell, use);
            inner.SetAction(_ =>
            {
                environment.Out.Write(write(root));
                return 0;
            });
            command.Subcommands.Add(inner);
        }

        return command;
    }

    // One line of the tree for each command: what may follow it, and what its options take.
    private static IEnumerable<(string Path, IReadOnlyList<string> Words, IReadOnlyList<(string Option, IReadOnlyList<string> Values)> Taking)> Tree(RootCommand root)
    {
        return Walk(root, "", [.. root.Options.Where(option => option.Recursive)]);

        static IEnumerable<(string, IReadOnlyList<string>, IReadOnlyList<(string, IReadOnlyList<string>)>)> Walk(Command command, string path, IReadOnlyList<Option> inherited)
        {
            var options = command.Options.Concat(inherited).Where(option => !option.Hidden).DistinctBy(option => option.Name, StringComparer.Ordinal).ToList();
            yield return (
                path,
                [.. command.Subcommands.Where(inner => !inner.Hidden).SelectMany(inner => inner.Aliases.Prepend(inner.Name)).Concat(options.Select(option => option.Name)).Concat(options.SelectMany(option => option.Aliases.Where(alias => alias.StartsWith("--", StringComparison.Ordinal)))).Distinct(StringComparer.Ordinal)],
                [.. options.Where(option => option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool)).Select(option => (option.Name, (IReadOnlyList<string>)[.. option.GetCompletions(CompletionContext.Empty).Select(item => item.Label)]))]);
            foreach (var inner in command.Subcommands.Where(inner => !inner.Hidden))
            {
                foreach (var line in Walk(inner, $"{path}{inner.Name} ", inherited))
                {
                    yield return line;
                }
            }
        }
    }

    // What may follow each command (key: the path and a dot), and what each option takes (key: the path and the option).
    private static string Bash(RootCommand root)
    {
        var text = new StringBuilder("declare -gA _agijobs_words _agijobs_takes\n");
        foreach (var (path, words, taking) in Tree(root))
        {
            text.Append($"_agijobs_words['{path}.']='{string.Join(' ', words)}'\n");
            foreach (var (option, values) in taking)
            {
                text.Append($"_agijobs_takes['{path}{option}']='{string.Join(' ', values)} '\n");
            }
        }

        return text + """
            _agijobs() {
              local cur=${COMP_WORDS[COMP_CWORD]} path='' previous='' i word f
              for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                if [[ -n $previous ]]; then previous=''; continue; fi
                if [[ $word == --* ]]; then
                  [[ -n ${_agijobs_takes["$path$word"]+x} ]] && previous=$word
                elif [[ -n ${_agijobs_words["$path$word ."]+x} ]]; then
                  path+="$word "
                fi
              done
              COMPREPLY=()
              case $previous in
                --network)
                  for f in config/networks/*.json; do
                    f=${f##*/}
                    COMPREPLY+=($(compgen -W "${f%.json}" -- "$cur"))
                  done ;;
                --workspace | --to) COMPREPLY=($(compgen -d -- "$cur")) ;;
                --out | --safe | --file) COMPREPLY=($(compgen -f -- "$cur")) ;;
                '') COMPREPLY=($(compgen -W "${_agijobs_words["$path."]}" -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "${_agijobs_takes["$path$previous"]}" -- "$cur")) ;;
              esac
            }
            complete -F _agijobs agijobs ./agijobs

            """;
    }

    private static string Zsh(RootCommand root)
    {
        var tree = Tree(root).ToList();
        var text = new StringBuilder("typeset -gA _agijobs_words _agijobs_takes\n_agijobs_words=(\n");
        foreach (var (path, words, _) in tree)
        {
            text.Append($"  '{path}.' '{string.Join(' ', words)}'\n");
        }

        text.Append(")\n_agijobs_takes=(\n");
        foreach (var (path, _, taking) in tree)
        {
            foreach (var (option, values) in taking)
            {
                text.Append($"  '{path}{option}' '{string.Join(' ', values)} '\n");
            }
        }

        return text + """
            )
            _agijobs() {
              local at='' previous='' word key
              for word in ${words[2,CURRENT-1]}; do
                if [[ -n $previous ]]; then previous=''; continue; fi
                if [[ $word == --* ]]; then
                  key="$at$word"
                  (( ${+_agijobs_takes[$key]} )) && previous=$word
                else
                  key="$at$word ."
                  (( ${+_agijobs_words[$key]} )) && at+="$word "
                fi
              done
              key="$at."
              case $previous in
                --network) compadd -- config/networks/*.json(N:t:r) ;;
                --workspace | --to) _files -/ ;;
                --out | --safe | --file) _files ;;
                '') compadd -- ${=_agijobs_words[$key]} ;;
                *) key="$at$previous"; compadd -- ${=_agijobs_takes[$key]} ;;
              esac
            }
            compdef _agijobs agijobs

            """;
    }

    private static string Fish(RootCommand root)
    {
        var text = new StringBuilder("""
            function __agijobs_at
                set -l path
                for word in (commandline -opc)[2..]
                    string match -q -- '-*' $word; and continue
                    contains -- "$path$word " $__agijobs_paths; and set path "$path$word "
                end
                test "$path" = "$argv[1]"
            end
            complete -c agijobs -f

            """);
        text.Append($"set -g __agijobs_paths {string.Join(' ', Tree(root).Select(line => $"'{line.Path}'"))}\n");
        foreach (var (path, words, taking) in Tree(root))
        {
            foreach (var word in words.Where(word => !word.StartsWith("--", StringComparison.Ordinal)))
            {
                text.Append($"complete -c agijobs -n \"__agijobs_at '{path}'\" -a '{word}'\n");
            }

            foreach (var option in words.Where(word => word.StartsWith("--", StringComparison.Ordinal)))
            {
                var values = taking.Where(entry => string.Equals(entry.Option, option, StringComparison.Ordinal)).Select(entry => entry.Values).FirstOrDefault();
                text.Append($"complete -c agijobs -n \"__agijobs_at '{path}'\" -l '{option[2..]}'{(values is null ? "" : $" -r{(values.Count == 0 ? " -F" : $" -a '{string.Join(' ', values)}'")}")}\n");
            }
        }

        return text.ToString();
    }
}
