using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.OnCall;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>
/// Email by SMTP (RFC 5321), with STARTTLS (RFC 3207) that the server must offer, and AUTH PLAIN (RFC 4616) only behind TLS or on this machine. The message's identity is made of the key, by which mail programs tell repetitions. What
/// the server refuses with 5xx at the sender, a receiver or the message is final; whatever else is tried again.
/// </summary>
public sealed class EmailChannel(AlertChannel channel, TimeProvider time) : IAlertChannel
{
    /// <inheritdoc/>
    public string Name => channel.Name;

    /// <inheritdoc/>
    public string Kind => "email";

    /// <inheritdoc/>
    public string To => string.Join(", ", channel.To);

    /// <summary>How long one message may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>In the place of the system's judgement of certificates, for tests.</summary>
    internal RemoteCertificateValidationCallback? Trust { get; init; }

    /// <inheritdoc/>
    public async Task<ChannelAnswer> SendAsync(Notice notice, string key, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(notice);
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await ConverseAsync(Message(notice, key), either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new ChannelAnswer(SendOutcome.Again, string.Create(CultureInfo.InvariantCulture, $"did not finish within {Patience.TotalSeconds} s"));
        }
        catch (Exception problem) when (problem is IOException or SocketException or AuthenticationException or ControlException)
        {
            return new ChannelAnswer(SendOutcome.Again, problem is ControlException ? problem.Message : $"{problem.GetType().Name}: {problem.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is kept from one message to the next.
    }

    private async Task<ChannelAnswer> ConverseAsync(string message, CancellationToken cancellation)
    {
        var smtp = channel.Smtp!;
        using var client = new TcpClient();
        await client.ConnectAsync(smtp.Host, smtp.Port!.Value, cancellation).ConfigureAwait(false);
        Stream stream = client.GetStream();
        try
        {
            if (smtp.Security == SmtpSecurity.Tls)
            {
                stream = await SecureAsync(stream, smtp.Host, cancellation).ConfigureAwait(false);
            }

            var session = new SmtpSession(stream);
            if (await session.ReadAsync(cancellation).ConfigureAwait(false) is { Code: not 220 } greeting)
            {
                return Failed("the greeting", greeting);
            }

            var hello = await session.SayAsync("EHLO agijobs.local", cancellation).ConfigureAwait(false);
            if (hello.Code == 250 && smtp.Security == SmtpSecurity.Starttls)
            {
                if (!hello.Lines.Contains("STARTTLS", StringComparer.OrdinalIgnoreCase))
                {
                    return new ChannelAnswer(SendOutcome.Again, "the server offers no STARTTLS, and nothing is sent in the clear", null, hello.Code);
                }

                if (await session.SayAsync("STARTTLS", cancellation).ConfigureAwait(false) is { Code: not 220 } refused)
                {
                    return Failed("STARTTLS", refused);
                }

                // What came in the clear before the handshake counts for nothing.
                stream = await SecureAsync(stream, smtp.Host, cancellation).ConfigureAwait(false);
                session = new SmtpSession(stream);
                hello = await session.SayAsync("EHLO agijobs.local", cancellation).ConfigureAwait(false);
            }

            if (hello.Code != 250)
            {
                return Failed("EHLO", hello);
            }

            if (smtp.User is { } user)
            {
                var secret = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{user.Reveal()}\0{smtp.Password!.Reveal()}"));
                if (await session.SayAsync($"AUTH PLAIN {secret}", cancellation).ConfigureAwait(false) is { Code: not 235 } denied)
                {
                    return Failed("the login", denied);
                }
            }

            if (await session.SayAsync($"MAIL FROM:<{channel.From}>", cancellation).ConfigureAwait(false) is { Code: not 250 } sender)
            {
                return Failed("the sender", sender, isFinal: true);
            }

            foreach (var receiver in channel.To)
            {
                if (await session.SayAsync($"RCPT TO:<{receiver}>", cancellation).ConfigureAwait(false) is { Code: not (250 or 251) } unknown)
                {
                    return Failed($"the receiver {receiver}", unknown, isFinal: true);
                }
            }

            if (await session.SayAsync("DATA", cancellation).ConfigureAwait(false) is { Code: not 354 } closed)
            {
                return Failed("DATA", closed, isFinal: true);
            }

            var end = await session.SayAsync(message + "\r\n.", cancellation).ConfigureAwait(false);
            if (end.Code != 250)
            {
                return Failed("the message", end, isFinal: true);
            }

            try
            {
                _ = await session.SayAsync("QUIT", cancellation).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // It has the message.
            }

            return new ChannelAnswer(SendOutcome.Delivered, $"accepted: {end.Text}", null, end.Code);
        }
        finally
        {
            await stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<Stream> SecureAsync(Stream stream, string host, CancellationToken cancellation)
    {
        var secure = new SslStream(stream, leaveInnerStreamOpen: false);
        await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host, RemoteCertificateValidationCallback = Trust }, cancellation).ConfigureAwait(false);
        return secure;
    }

    // Every line ends with CR LF and a line that begins with a full stop has one more.
    private string Message(Notice notice, string key)
    {
        var body = Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Join("\r\n", notice.Lines()) + "\r\n"));
        var lines = new List<string>
        {
            $"From: <{channel.From}>",
            $"To: {string.Join(", ", channel.To.Select(address => $"<{address}>"))}",
            $"Subject: {Encoded(notice.Headline())}",
            $"Date: {notice.At.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture)} +0000",
            $"Message-ID: <{key}@agijobs.local>",
            $"References: <{notice.Network}-{notice.Page}@agijobs.local>",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64",
            "Auto-Submitted: auto-generated",
            "",
        };
        for (var at = 0; at < body.Length; at += 76)
        {
            lines.Add(body.Substring(at, Math.Min(76, body.Length - at)));
        }

        return string.Join("\r\n", lines.Select(line => line.StartsWith('.') ? "." + line : line));
    }

    // Encoded words (RFC 2047) of at most 75 characters: nothing that a chain says becomes a header of its own.
    private static string Encoded(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (Encoding.UTF8.GetByteCount(word.ToString()) + rune.Utf8SequenceLength > 45)
            {
                words.Add(word.ToString());
                word.Clear();
            }

            word.Append(rune.ToString());
        }

        words.Add(word.ToString());
        return string.Join("\r\n ", words.Select(one => $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(one))}?="));
    }

    private static ChannelAnswer Failed(string what, SmtpReply reply, bool isFinal = false) =>
        new(isFinal && reply.Code is >= 500 and <= 599 ? SendOutcome.Never : SendOutcome.Again, string.Create(CultureInfo.InvariantCulture, $"{what} was answered {reply.Code}: {reply.Text}"), null, reply.Code);
}
