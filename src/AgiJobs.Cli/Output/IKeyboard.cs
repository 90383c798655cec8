namespace AgiJobs.Cli.Output;

/// <summary>A terminal that a person sits at.</summary>
internal interface IKeyboard
{
    /// <summary>Characters in a line and lines on the screen.</summary>
    (int Width, int Height) Size { get; }

    /// <summary>The next key; null when none came within the time. The end of the input is <c>q</c>.</summary>
    Task<char?> KeyAsync(TimeSpan wait, CancellationToken cancellation);

    /// <summary>A line that the person types behind a prompt and ends with Enter; null when they leave with Escape.</summary>
    Task<string?> LineAsync(string prompt, CancellationToken cancellation);
}
