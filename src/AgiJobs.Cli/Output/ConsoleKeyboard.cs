using System.Text;

namespace AgiJobs.Cli.Output;

/// <summary>The console that this program was started at.</summary>
internal sealed class ConsoleKeyboard(TextWriter output, TimeProvider time) : IKeyboard
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(30);

    /// <summary>The console; null when a person sits at neither end of it.</summary>
    public static IKeyboard? Find(TextWriter output, TimeProvider time) => Console.IsInputRedirected || Console.IsOutputRedirected ? null : new ConsoleKeyboard(output, time);

    public (int Width, int Height) Size
    {
        get
        {
            try
            {
                return Console.WindowWidth > 0 && Console.WindowHeight > 0 ? (Console.WindowWidth, Console.WindowHeight) : (80, 24);
            }
            catch (IOException)
            {
                return (80, 24);
            }
        }
    }

    public async Task<char?> KeyAsync(TimeSpan wait, CancellationToken cancellation) => await PressedAsync(wait, cancellation).ConfigureAwait(false) is { } pressed ? char.ToLowerInvariant(pressed.KeyChar) : null;

    public async Task<string?> LineAsync(string prompt, CancellationToken cancellation)
    {
        output.Write($"\r\n{prompt}");
        await output.FlushAsync(cancellation).ConfigureAwait(false);
        var text = new StringBuilder();
        while (true)
        {
            if (await PressedAsync(TimeSpan.FromHours(1), cancellation).ConfigureAwait(false) is not { } pressed)
            {
                continue;
            }

            switch (pressed.Key)
            {
                case ConsoleKey.Enter:
                    return text.ToString();
                case ConsoleKey.Escape:
                    return null;
                case ConsoleKey.Backspace when text.Length > 0:
                    text.Length--;
                    output.Write("\b \b");
                    break;
                case ConsoleKey.Backspace:
                    break;
                default:
                    if (!char.IsControl(pressed.KeyChar))
                    {
                        text.Append(pressed.KeyChar);
                        output.Write(pressed.KeyChar);
                    }

                    break;
            }

            await output.FlushAsync(cancellation).ConfigureAwait(false);
        }
    }

    // The console has no wait that can be given up.
    private async Task<ConsoleKeyInfo?> PressedAsync(TimeSpan wait, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        while (!Console.KeyAvailable)
        {
            if (time.GetElapsedTime(began) > wait)
            {
                return null;
            }

            await Task.Delay(Look, time, cancellation).ConfigureAwait(false);
        }

        return Console.ReadKey(intercept: true);
    }
}
