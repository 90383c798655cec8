using AgiJobs.Control.Workspaces;

namespace AgiJobs.Response.Runbooks;

/// <summary>Something that cannot be in a runbook.</summary>
/// <param name="Place">Where, such as <c>$.steps[2].command.line</c>.</param>
/// <param name="Code">Which rule: stable, kebab case.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Mend">What to do about it.</param>
public sealed record RunbookProblem(string Place, string Code, string Message, string Mend)
{
    /// <summary>In one line.</summary>
    public override string ToString() => $"at {Place}: {Message} {Mend} [{Code}]";
}

/// <summary>What a runbook keeps, so that nobody finds out at night that a line of it does not exist.</summary>
public static class RunbookRules
{
    internal const string FromIncident = "incident";
    internal const string FromSeverity = "severity";
    internal const string FromRun = "run";
    internal const string FromPerson = "person";
    internal const string FromManifest = "manifest";
    internal const string FromAsked = "asked";
    internal const string FromStep = "step";

    private static readonly string[] Sources = [FromIncident, FromSeverity, FromRun, FromPerson, FromManifest, FromAsked, FromStep];

    // They are added, or would take the decision out of the person's hand.
    private static readonly string[] Reserved = ["--execute", "--network", "--workspace", "--json", "--yes"];

    /// <summary>Everything that is wrong with a runbook, in the order of the file.</summary>
    public static IEnumerable<RunbookProblem> Check(RunbookFile file, IRunbookCommands commands)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(commands);
        return new Ground(file, commands).Check();
    }

    private static bool IsName(string text) => text.Length is > 0 and <= 40 && char.IsAsciiLetterLower(text[0]) && text.All(sign => char.IsAsciiLetterLower(sign) || char.IsAsciiDigit(sign) || sign == '-');

    private sealed class Ground(RunbookFile file, IRunbookCommands commands)
    {
        private readonly Dictionary<string, int> _steps = file.Steps.Select((step, index) => (step.Id, index)).DistinctBy(entry => entry.Id, StringComparer.Ordinal).ToDictionary(entry => entry.Id, entry => entry.index, StringComparer.Ordinal);
        private readonly Dictionary<string, RunbookInputFile> _inputs = file.Inputs.DistinctBy(input => input.Name, StringComparer.Ordinal).ToDictionary(input => input.Name, StringComparer.Ordinal);

        public IEnumerable<RunbookProblem> Check()
        {
            if (!IsName(file.Name))
            {
                yield return new RunbookProblem("$.name", "name-form", $"'{file.Name}' is no name.", "Use lower-case letters, digits and '-', a letter first, 40 at most.");
            }

            foreach (var problem in Words("$", ("title", file.Title), ("purpose", file.Purpose)))
            {
                yield return problem;
            }

            if (file.Severities.Count == 0)
            {
                yield return new RunbookProblem("$.severities", "severity-none", "It is for no severity.", "Name one at least, such as SEV-0.");
            }

            foreach (var (severity, index) in file.Severities.Select((severity, index) => (severity, index)).Where(entry => !IsSeverity(entry.severity)))
            {
                yield return UnknownSeverity($"$.severities[{index}]", severity);
            }

            if (file.Steps.Count == 0)
            {
                yield return new RunbookProblem("$.steps", "step-none", "It has no steps.", "Write one at least.");
            }

            foreach (var problem in file.Inputs.SelectMany((input, index) => Input(input, $"$.inputs[{index}]", index)).Concat(file.Steps.SelectMany((step, index) => Step(step, $"$.steps[{index}]", index))).Concat(Order()).Concat(Unused()))
            {
                yield return problem;
            }
        }

        private static bool IsSeverity(string text) => text is "SEV-0" or "SEV-1" or "SEV-2" or "SEV-3";

        private static RunbookProblem UnknownSeverity(string place, string text) => new(place, "severity-unknown", $"There is no severity '{text}'.", "Write SEV-0, SEV-1, SEV-2 or SEV-3.");

        private static IEnumerable<RunbookProblem> Words(string place, params (string Key, string Text)[] texts) =>
            texts.Where(entry => string.IsNullOrWhiteSpace(entry.Text)).Select(entry => new RunbookProblem($"{place}.{entry.Key}", "text-empty", "It is empty.", "Say it in words: somebody reads it under stress."));

        private IEnumerable<RunbookProblem> Input(RunbookInputFile input, string place, int index)
        {
            if (!IsName(input.Name))
            {
                yield return new RunbookProblem($"{place}.name", "name-form", $"'{input.Name}' is no name.", "Use lower-case letters, digits and '-', a letter first, 40 at most.");
            }

            if (file.Inputs.Take(index).Any(other => string.Equals(other.Name, input.Name, StringComparison.Ordinal)))
            {
                yield return new RunbookProblem($"{place}.name", "input-twice", $"The input '{input.Name}' stands twice.", "Rename one of them.");
            }

            if (!Sources.Contains(input.From, StringComparer.Ordinal))
            {
                yield return new RunbookProblem($"{place}.from", "input-source", $"'{input.From}' is no source.", $"Write one of {string.Join(", ", Sources)}.");
            }

            if (input.From is FromManifest != !string.IsNullOrWhiteSpace(input.Module))
            {
                yield return new RunbookProblem($"{place}.module", "input-module", input.Module is null ? "An address of the manifest is a module's, and none is named." : "A module stands where no address of the manifest is meant.", "Name the module with from \"manifest\", and only there.");
            }

            if (input.Default is not null && input.From is not FromAsked)
            {
                yield return new RunbookProblem($"{place}.default", "input-default", $"What comes from '{input.From}' has no default.", "Leave it out, or let it be \"asked\".");
            }

            foreach (var problem in Words(place, ("what", input.What)))
            {
                yield return problem;
            }
        }

        private IEnumerable<RunbookProblem> Step(RunbookStepFile step, string place, int index)
        {
            if (!IsName(step.Id))
            {
                yield return new RunbookProblem($"{place}.id", "name-form", $"'{step.Id}' is no name.", "Use lower-case letters, digits and '-', a letter first, 40 at most.");
            }

            if (_steps.GetValueOrDefault(step.Id, index) != index)
            {
                yield return new RunbookProblem($"{place}.id", "step-twice", $"The step '{step.Id}' stands twice.", "Rename one of them.");
            }

            if (((object?[])[step.Command, step.Check, step.Approval, step.Task]).Count(kind => kind is not null) != 1)
            {
                yield return new RunbookProblem(place, "step-kind", "A step is exactly one of command, check, approval and task.", "Leave one of them, and make the others steps of their own.");
            }

            foreach (var (list, key) in ((IReadOnlyList<string>, string)[])[(step.Needs, "needs"), (step.OtherThan, "otherThan")])
            {
                foreach (var (other, at) in list.Select((other, at) => (other, at)).Where(entry => !_steps.ContainsKey(entry.other)))
                {
                    yield return new RunbookProblem($"{place}.{key}[{at}]", "step-unknown", $"There is no step '{other}'.", $"There are {string.Join(", ", _steps.Keys)}.");
                }
            }

            if (step.OtherThan.Contains(step.Id, StringComparer.Ordinal))
            {
                yield return new RunbookProblem($"{place}.otherThan", "step-cycle", "Nobody is somebody else than themselves.", "Name other steps.");
            }

            foreach (var problem in Words(place, ("text", step.Text), ("why", step.Why), ("ifItFails", step.IfItFails)).Concat(Deadlines(step, place)))
            {
                yield return problem;
            }

            foreach (var problem in (((string Key, string Text)[])[("text", step.Text), ("why", step.Why), ("ifItFails", step.IfItFails)]).SelectMany(text => Placeholders(RunbookLine.PlaceholdersOf(text.Text), $"{place}.{text.Key}", null)))
            {
                yield return problem;
            }

            foreach (var problem in step switch
            {
                { Command: { } command } => Command(command, step, $"{place}.command"),
                { Check: { } check } => Check(check, step, $"{place}.check"),
                { Approval: { } approval } => Words($"{place}.approval", ("statement", approval.Statement)).Concat(Placeholders(RunbookLine.PlaceholdersOf(approval.Statement), $"{place}.approval.statement", step)),
                { Task: { } task } => Words($"{place}.task", ("writeDown", task.WriteDown)),
                _ => [],
            })
            {
                yield return problem;
            }
        }

        private static IEnumerable<RunbookProblem> Deadlines(RunbookStepFile step, string place)
        {
            const string Mend = "Write a number and s, m, h or d, such as 15m.";
            if (step.Within is { } within && Runbook.Duration(within) is null)
            {
                yield return new RunbookProblem($"{place}.within", "time-form", $"'{within}' is no time.", Mend);
            }

            foreach (var (severity, text) in step.WithinAt ?? new Dictionary<string, string>(StringComparer.Ordinal))
            {
                if (!IsSeverity(severity))
                {
                    yield return UnknownSeverity($"{place}.withinAt", severity);
                }

                if (Runbook.Duration(text) is null)
                {
                    yield return new RunbookProblem($"{place}.withinAt.{severity}", "time-form", $"'{text}' is no time.", Mend);
                }
            }
        }

        private IEnumerable<RunbookProblem> Command(RunbookCommandFile command, RunbookStepFile step, string place)
        {
            var problems = Line(command.Line, step, $"{place}.line", out var shape);
            foreach (var problem in problems)
            {
                yield return problem;
            }

            if (shape is { Sends: false } && command.Send == true)
            {
                yield return new RunbookProblem($"{place}.send", "command-sends-not", $"'{shape.Name}' takes no --execute, and so sends nothing.", "Leave \"send\" out.");
            }

            if (shape is { } known && known.Name is not ("owner system-pause" or "owner pause" or "owner armory fire") && command.Emergency == true)
            {
                yield return new RunbookProblem($"{place}.emergency", "command-emergency", $"'{known.Name}' is no emergency pause, and only for one nobody's duty is asked.", "Leave \"emergency\" out.");
            }

            if (command.Emergency == true && RunbookWords(command.Line).Any(word => word is "unpause" or "--unpause"))
            {
                yield return new RunbookProblem($"{place}.emergency", "command-emergency", "A resume is no emergency.", "Leave \"emergency\" out.");
            }

            if ((command.Interrupted.Repeat == true) == (command.Interrupted.Ask is not null))
            {
                yield return new RunbookProblem($"{place}.interrupted", "interrupted-kind", "When the program dies while the command is under way, exactly one of two things is done: it is repeated, or a question is asked.", "Write {\"repeat\": true} for a command that does nothing twice, else {\"ask\": {\"line\": ...}}.");
            }

            if (command.Interrupted.Repeat == true && command.Send == true && shape is { Repeats: false })
            {
                yield return new RunbookProblem($"{place}.interrupted.repeat", "interrupted-repeat", $"'{shape.Name}' might send twice.", "Write {\"ask\": {\"line\": ...}} with a question that says whether it was done.");
            }

            foreach (var problem in Exits(command.Done, $"{place}.done").Concat(Exits(command.Attention, $"{place}.attention")).Concat(command.Interrupted.Ask is { } ask ? Check(ask, step, $"{place}.interrupted.ask") : []))
            {
                yield return problem;
            }

            if ((command.Done ?? [0]).Intersect(command.Attention ?? []).Any())
            {
                yield return new RunbookProblem($"{place}.attention", "exit-twice", "An exit code means both done and attention.", "Let it mean one thing.");
            }

            foreach (var (name, at) in command.Take ?? new Dictionary<string, string>(StringComparer.Ordinal))
            {
                if (_inputs.GetValueOrDefault(name)?.From is not FromStep)
                {
                    yield return new RunbookProblem($"{place}.take.{name}", "take-input", $"There is no input '{name}' that comes from a step.", "Add it to \"inputs\" with from \"step\".");
                }

                if (!JsonPlace.IsValid(at))
                {
                    yield return new RunbookProblem($"{place}.take.{name}", "json-place", $"'{at}' is no place in a document.", "Write keys separated by '.', such as change or items[*].id.");
                }
            }
        }

        private static IReadOnlyList<string> RunbookWords(string line)
        {
            try
            {
                return RunbookLine.Parse(line).Words;
            }
            catch (FormatException)
            {
                return [];
            }
        }

        private IEnumerable<RunbookProblem> Check(RunbookCheckFile check, RunbookStepFile step, string place)
        {
            foreach (var problem in Line(check.Line, step, $"{place}.line", out _).Concat(Exits(check.Answers, $"{place}.answers")))
            {
                yield return problem;
            }

            foreach (var (condition, index) in check.Must.Select((condition, index) => (condition, index)).Where(entry => !JsonPlace.IsValid(entry.condition.At)))
            {
                yield return new RunbookProblem($"{place}.must[{index}].at", "json-place", $"'{condition.At}' is no place in a document.", "Write keys separated by '.', such as modules[*].state.");
            }
        }

        private static IEnumerable<RunbookProblem> Exits(IReadOnlyList<int>? exits, string place) =>
            exits is null ? [] : exits.Count == 0 || exits.Any(exit => exit is < 0 or > 6)
                ? [new RunbookProblem(place, "exit-unknown", $"[{string.Join(", ", exits)}] are no exit codes.", "Write codes from 0 to 6, one at least.")]
                : [];

        private IReadOnlyList<RunbookProblem> Line(string text, RunbookStepFile step, string place, out CommandShape? shape)
        {
            shape = null;
            RunbookLine line;
            try
            {
                line = RunbookLine.Parse(text);
            }
            catch (FormatException problem)
            {
                return [new RunbookProblem(place, "line-form", $"'{text}' is no line: {problem.Message}.", "Write the words of the command without 'agijobs'.")];
            }

            if (line.Words.FirstOrDefault(word => Reserved.Contains(word.Split('=')[0], StringComparer.Ordinal)) is { } reserved)
            {
                return [new RunbookProblem(place, "line-reserved", $"{reserved} does not stand in a line.", "It is added where it belongs; write \"send\": true for what sends.")];
            }

            shape = commands.Read(line.Fill(_ => "1"), out var wrong);
            return shape is null ? [new RunbookProblem(place, "command-unknown", $"'agijobs {text}' is no command line: {wrong}", "'agijobs --help' lists the commands.")]
                : !shape.Ends ? [new RunbookProblem(place, "command-unending", $"'agijobs {shape.Name}' does not come to an end by itself.", "Make it a task for a person.")]
                : [.. Placeholders(line.Placeholders, place, step)];
        }

        // What a line takes must be known when it is run: of what comes from a step, that step must be among those that this one needs.
        private IEnumerable<RunbookProblem> Placeholders(IReadOnlyList<string> names, string place, RunbookStepFile? step)
        {
            foreach (var name in names)
            {
                if (!_inputs.TryGetValue(name, out var input))
                {
                    yield return new RunbookProblem(place, "placeholder-source", $"{{{name}}} comes from nowhere.", $"Add '{name}' to \"inputs\" with where it comes from.");
                }
                else if (input.From is FromStep && step is not null && !Before(step).Any(other => other.Command?.Take?.ContainsKey(name) == true))
                {
                    yield return new RunbookProblem(place, "placeholder-early", $"{{{name}}} is not known here: no step that '{step.Id}' needs takes it from what its command said.", "Let it need the step that does.");
                }
            }
        }

        private HashSet<RunbookStepFile> Before(RunbookStepFile step)
        {
            var found = new HashSet<RunbookStepFile>(ReferenceEqualityComparer.Instance);
            var open = new Stack<RunbookStepFile>([step]);
            while (open.TryPop(out var next))
            {
                foreach (var other in next.Needs.Where(_steps.ContainsKey).Select(id => file.Steps[_steps[id]]).Where(other => !ReferenceEquals(other, step) && found.Add(other)))
                {
                    open.Push(other);
                }
            }

            return found;
        }

        private IEnumerable<RunbookProblem> Order()
        {
            var reached = new HashSet<string>(StringComparer.Ordinal);
            while (file.Steps.Where(step => !reached.Contains(step.Id) && step.Needs.All(id => reached.Contains(id) || !_steps.ContainsKey(id))).ToList() is [_, ..] next)
            {
                reached.UnionWith(next.Select(step => step.Id));
            }

            foreach (var (step, index) in file.Steps.Select((step, index) => (step, index)).Where(entry => !reached.Contains(entry.step.Id)))
            {
                yield return Reaches(step, step.Id)
                    ? new RunbookProblem($"$.steps[{index}].needs", "step-cycle", $"'{step.Id}' needs itself, by way of {string.Join(", ", step.Needs)}.", "Take one of these needs away.")
                    : new RunbookProblem($"$.steps[{index}].needs", "step-unreachable", $"'{step.Id}' can never be begun: what it needs goes in a circle.", "Mend the circle.");
            }
        }

        private bool Reaches(RunbookStepFile from, string id)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var open = new Stack<string>(from.Needs);
            while (open.TryPop(out var next))
            {
                if (string.Equals(next, id, StringComparison.Ordinal))
                {
                    return true;
                }

                if (_steps.TryGetValue(next, out var index) && seen.Add(next))
                {
                    foreach (var other in file.Steps[index].Needs)
                    {
                        open.Push(other);
                    }
                }
            }

            return false;
        }

        private IEnumerable<RunbookProblem> Unused()
        {
            var used = file.Steps.SelectMany(step => (string?[])[step.Text, step.Why, step.IfItFails, step.Command?.Line, step.Command?.Interrupted.Ask?.Line, step.Check?.Line, step.Approval?.Statement]).OfType<string>().SelectMany(RunbookLine.PlaceholdersOf).ToHashSet(StringComparer.Ordinal);
            return file.Inputs.Select((input, index) => (input, index)).Where(entry => !used.Contains(entry.input.Name)).Select(entry => new RunbookProblem($"$.inputs[{entry.index}]", "input-unused", $"Nothing takes the input '{entry.input.Name}'.", "Remove it, or write {" + entry.input.Name + "} where it belongs."));
        }
    }
}
