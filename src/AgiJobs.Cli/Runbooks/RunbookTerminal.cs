using System.Text;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Response.Runbooks;

namespace AgiJobs.Cli.Runbooks;

/// <summary>A run on a person's terminal: one screen, the next action on its last line, at most three keys a step. What sends takes <c>x</c> and then <c>y</c>.</summary>
internal sealed class RunbookTerminal(RunbookSeat seat, IKeyboard keyboard, TextWriter output)
{
    // Others work on it too, and clocks run.
    private static readonly TimeSpan Redraw = TimeSpan.FromSeconds(2);

    private string? _note;

    /// <summary>Shows and does until the person leaves or nothing is left to do.</summary>
    public async Task<RunbookRun> RunAsync(RunbookRun run, CancellationToken cancellation)
    {
        while (true)
        {
            run = await seat.Desk.ReadAsync(run.Id, cancellation).ConfigureAwait(false);
            var screen = await seat.ScreenAsync(run, cancellation).ConfigureAwait(false);
            await DrawAsync(screen, cancellation).ConfigureAwait(false);
            if (!run.IsOpen || screen.Next is not { } next)
            {
                output.WriteLine();
                return run;
            }

            switch (await keyboard.KeyAsync(Redraw, cancellation).ConfigureAwait(false))
            {
                case null:
                    continue;
                case 'q':
                    output.WriteLine();
                    return run;
                case var key:
                    _note = null;
                    try
                    {
                        await DoAsync(key.Value, run.Id, next, screen, cancellation).ConfigureAwait(false);
                    }
                    catch (ControlException refused)
                    {
                        _note = $"{refused.Message}{(refused.Mend is { } mend ? $" {mend}" : "")} [{refused.Code}, exit {(int)refused.Exit}]";
                    }

                    continue;
            }
        }
    }

    private async Task DoAsync(char key, string run, StepStanding next, RunbookScreen screen, CancellationToken cancellation)
    {
        var step = next.Step;
        var runs = step.Kind is StepKind.Command or StepKind.Check;
        switch (key)
        {
            case 'i' when screen.Asked(next) is [_, ..] inputs:
                foreach (var input in inputs)
                {
                    if (await keyboard.LineAsync($"{input}: ", cancellation).ConfigureAwait(false) is not { Length: > 0 } value)
                    {
                        break;
                    }

                    _ = await seat.Desk.GiveAsync(run, new Dictionary<string, string>(StringComparer.Ordinal) { [input] = value }, seat.Actor?.Name, cancellation).ConfigureAwait(false);
                }

                break;
            case 'x' when step.Sends:
                output.Write($"\r\nSEND {step.Id}? y sends, any other key does not. ");
                await output.FlushAsync(cancellation).ConfigureAwait(false);
                if (await keyboard.KeyAsync(TimeSpan.FromMinutes(5), cancellation).ConfigureAwait(false) is 'y')
                {
                    await CarryOutAsync(run, step, send: true, cancellation).ConfigureAwait(false);
                }
                else
                {
                    _note = "Nothing was sent.";
                }

                break;
            case 'p' when step.Sends:
                await CarryOutAsync(run, step, send: false, cancellation).ConfigureAwait(false);
                break;
            case 'r' or '\r' or '\n' when runs && !step.Sends:
                await CarryOutAsync(run, step, send: false, cancellation).ConfigureAwait(false);
                break;
            case 'a' when step.Kind == StepKind.Approval:
                await DecideAsync(run, step, "approved", null, cancellation).ConfigureAwait(false);
                break;
            case 'a' when next.State == StepState.Attention:
                await SayAsync(run, step, "accepted", "reason: ", cancellation).ConfigureAwait(false);
                break;
            case 'd' when step.Kind == StepKind.Task:
                await SayAsync(run, step, "done", "note: ", cancellation).ConfigureAwait(false);
                break;
            case 's' when step.File.MaySkip == true:
                await SayAsync(run, step, "skipped", "reason to skip: ", cancellation).ConfigureAwait(false);
                break;
            default:
                _note = $"'{key}' does nothing here.";
                break;
        }
    }

    private async Task SayAsync(string run, RunbookStep step, string decision, string prompt, CancellationToken cancellation)
    {
        _ = seat.Person;
        if (await keyboard.LineAsync(prompt, cancellation).ConfigureAwait(false) is { } text)
        {
            await DecideAsync(run, step, decision, text, cancellation).ConfigureAwait(false);
        }
    }

    private async Task DecideAsync(string run, RunbookStep step, string decision, string? text, CancellationToken cancellation)
    {
        _ = await seat.Desk.DecideAsync(run, step.Id, decision, text, seat.Person, cancellation).ConfigureAwait(false);
        _note = $"{step.Id} {decision} by {seat.Person.Name}";
    }

    private async Task CarryOutAsync(string run, RunbookStep step, bool send, CancellationToken cancellation)
    {
        output.Write($"\r\n{(step.Sends ? send ? "SENDING" : "PREVIEW" : "RUNNING")} {step.Id} ...\r\n");
        await output.FlushAsync(cancellation).ConfigureAwait(false);
        seat.Ground.Progress = new NarrowWriter(output, keyboard.Size.Width);
        try
        {
            var after = (await seat.Desk.StepAsync(run, step.Id, seat.Actor, send, cancellation).ConfigureAwait(false))[step.Id];
            _note = step.Sends && !send ? $"NOTHING WAS SENT. {after.Preview?.Seen}" : $"{step.Id} {RunbookDesk.Words(after.State)}: {after.Seen}";
        }
        finally
        {
            seat.Ground.Progress = seat.Session.Environment.Error;
        }
    }

    private async Task DrawAsync(RunbookScreen screen, CancellationToken cancellation)
    {
        var (width, height) = keyboard.Size;
        output.Write($"\u001b[2J\u001b[H{string.Join("\r\n", screen.Lines(width, height, _note))}");
        await output.FlushAsync(cancellation).ConfigureAwait(false);
    }

    // What commands say while they work, wrapped to the terminal's width.
    private sealed class NarrowWriter(TextWriter inner, int width) : TextWriter
    {
        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => inner.Write(value);

        public override void WriteLine(string? value)
        {
            var rest = value ?? "";
            do
            {
                var take = Math.Min(rest.Length, width);
                inner.Write(rest[..take]);
                inner.Write("\r\n");
                rest = rest[take..];
            }
            while (rest.Length > 0);
            inner.Flush();
        }
    }
}
