using System.Globalization;
using System.Text;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>An answer of a mail server.</summary>
/// <param name="Code">Its code.</param>
/// <param name="Lines">Its lines without the code.</param>
internal sealed record SmtpReply(int Code, IReadOnlyList<string> Lines)
{
    public string Text => string.Join(' ', Lines);
}

/// <summary>Commands and answers of SMTP over one stream.</summary>
internal sealed class SmtpSession(Stream stream)
{
    private const int LongestReply = 8192;

    private readonly byte[] _one = new byte[1];

    /// <summary>Sends a command and reads its answer.</summary>
    /// <exception cref="IOException">The connection broke, or the server does not speak SMTP.</exception>
    public async Task<SmtpReply> SayAsync(string command, CancellationToken cancellation)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"), cancellation).ConfigureAwait(false);
        await stream.FlushAsync(cancellation).ConfigureAwait(false);
        return await ReadAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Reads an answer.</summary>
    /// <exception cref="IOException">As <see cref="SayAsync"/>.</exception>
    public async Task<SmtpReply> ReadAsync(CancellationToken cancellation)
    {
        var lines = new List<string>();
        var total = 0;
        while (true)
        {
            var line = new StringBuilder();
            while (true)
            {
                // Byte by byte: not one of what follows STARTTLS may be read before the handshake.
                if (await stream.ReadAsync(_one, cancellation).ConfigureAwait(false) == 0)
                {
                    throw new IOException("the server has closed the connection");
                }

                if (++total > LongestReply)
                {
                    throw new IOException("the server's answer is too long");
                }

                if (_one[0] == '\n')
                {
                    break;
                }

                line.Append(_one[0] is >= 32 and < 127 ? (char)_one[0] : ' ');
            }

            var text = line.ToString().TrimEnd();
            if (text.Length < 3 || !int.TryParse(text.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
            {
                throw new IOException("the server does not speak SMTP");
            }

            lines.Add(text.Length > 4 ? text[4..] : "");
            if (text.Length == 3 || text[3] != '-')
            {
                return new SmtpReply(code, lines);
            }
        }
    }
}
