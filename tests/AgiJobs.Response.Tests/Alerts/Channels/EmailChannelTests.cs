using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Channels;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Tests.Alerts.Channels;

public sealed class EmailChannelTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agijobs-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_mail_is_sent_behind_STARTTLS_with_a_login_and_no_text_becomes_a_header()
    {
        await using var server = new Mail(offersTls: true);
        var answer = await SendAsync(server, SmtpSecurity.Starttls, "drain of ünfree\r\nBcc: eve@example.org", withLogin: true);
        Assert.Equal((SendOutcome.Delivered, 250), (answer.Outcome, answer.Status));
        Assert.Equal(["EHLO", "STARTTLS", "(tls)", "EHLO", "AUTH PLAIN AGFubgBodW50ZXIy", "MAIL FROM:<alerts@example.org>", "RCPT TO:<ann@example.org>", "RCPT TO:<ben@example.org>", "DATA"], server.Said.Select(line => line.StartsWith("EHLO", StringComparison.Ordinal) ? "EHLO" : line).Take(9));
        var headers = server.Message.TakeWhile(line => line.Length > 0).ToList();
        Assert.DoesNotContain(headers, line => line.StartsWith("Bcc", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("Message-ID: <one@agijobs.local>", headers);
        Assert.All(server.Message, line => Assert.InRange(line.Length, 0, 200));
        Assert.Contains("drain of ünfree", Encoding.UTF8.GetString(Convert.FromBase64String(string.Concat(server.Message.Skip(headers.Count + 1)))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_sent_in_the_clear_where_STARTTLS_is_demanded_and_not_offered()
    {
        await using var server = new Mail(offersTls: false);
        var answer = await SendAsync(server, SmtpSecurity.Starttls, "drain", withLogin: true);
        Assert.Equal(SendOutcome.Again, answer.Outcome);
        Assert.DoesNotContain(server.Said, line => line.StartsWith("AUTH", StringComparison.Ordinal) || line.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_refused()
    {
        await using var server = new Mail(offersTls: true);
        var answer = await SendAsync(server, SmtpSecurity.Starttls, "drain", withLogin: true, trusts: false);
        Assert.Equal(SendOutcome.Again, answer.Outcome);
        Assert.DoesNotContain(server.Said, line => line.StartsWith("AUTH", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("RCPT", "550 no such user", SendOutcome.Never)]
    [InlineData("RCPT", "450 busy", SendOutcome.Again)]
    [InlineData("DATA", "554 refused", SendOutcome.Never)]
    [InlineData("EHLO", "500 what", SendOutcome.Again)]
    public async Task What_the_server_says_decides(string command, string reply, SendOutcome outcome)
    {
        await using var server = new Mail(offersTls: false) { Replies = { [command] = reply } };
        var answer = await SendAsync(server, SmtpSecurity.None, "drain");
        Assert.Equal(outcome, answer.Outcome);
        Assert.Contains(reply[4..], answer.Words, StringComparison.Ordinal);
    }

    private async Task<ChannelAnswer> SendAsync(Mail server, SmtpSecurity security, string title, bool withLogin = false, bool trusts = true)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "user"), "ann");
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "password"), "hunter2");
        using var channel = new EmailChannel(
            new AlertChannel
            {
                Name = "mail",
                Kind = ChannelKind.Email,
                From = "alerts@example.org",
                To = ["ann@example.org", "ben@example.org"],
                Smtp = new SmtpServer
                {
                    Host = "127.0.0.1",
                    Port = server.Port,
                    Security = security,
                    User = withLogin ? new Secret { File = Path.Combine(_folder.FullName, "user") } : null,
                    Password = withLogin ? new Secret { File = Path.Combine(_folder.FullName, "password") } : null,
                },
            },
            TimeProvider.System)
        { Trust = trusts ? (_, shown, _, _) => shown?.Subject == "CN=127.0.0.1" : null };
        var notice = new Notice { Version = 1, Kind = NoticeKind.Trigger, Page = "p", Network = "devnet", ChainId = new ChainId(31337).Value, Channel = "mail", Severity = Severity.Sev0, Title = title, Why = "it fires", Since = DateTimeOffset.UnixEpoch, At = DateTimeOffset.UnixEpoch };
        return await channel.SendAsync(notice, "one", CancellationToken.None);
    }

    // A mail server for one conversation.
    private sealed class Mail : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _work;

        public Mail(bool offersTls)
        {
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _work = ServeAsync(offersTls);
        }

        public int Port { get; }

        public List<string> Said { get; } = [];

        public List<string> Message { get; } = [];

        public Dictionary<string, string> Replies { get; } = new(StringComparer.Ordinal);

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _work;
        }

        private async Task ServeAsync(bool offersTls)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync();
                Stream stream = client.GetStream();
                await SayAsync("220 test");
                while (await LineAsync() is { } line)
                {
                    Said.Add(line);
                    var command = line.Split(' ', ':')[0].ToUpperInvariant();
                    if (Replies.TryGetValue(command, out var reply))
                    {
                        await SayAsync(reply);
                        continue;
                    }

                    switch (command)
                    {
                        case "EHLO":
                            await SayAsync(offersTls && stream is not SslStream ? "250-test\r\n250-STARTTLS\r\n250 8BITMIME" : "250-test\r\n250 AUTH PLAIN");
                            break;
                        case "STARTTLS":
                            await SayAsync("220 go");
                            using (var key = RSA.Create(2048))
                            {
                                using var made = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
                                var secure = new SslStream(stream);
                                await secure.AuthenticateAsServerAsync(X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null));
                                stream = secure;
                            }

                            Said.Add("(tls)");
                            break;
                        case "AUTH":
                            await SayAsync("235 welcome");
                            break;
                        case "DATA":
                            await SayAsync("354 go on");
                            while (await LineAsync() is { } text && text != ".")
                            {
                                Message.Add(text);
                            }

                            await SayAsync("250 taken as 1");
                            break;
                        case "QUIT":
                            await SayAsync("221 bye");
                            return;
                        default:
                            await SayAsync("250 fine");
                            break;
                    }
                }

                async Task SayAsync(string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text + "\r\n"));

                async Task<string?> LineAsync()
                {
                    var line = new StringBuilder();
                    var one = new byte[1];
                    while (await stream.ReadAsync(one) == 1)
                    {
                        if (one[0] == '\n')
                        {
                            return line.ToString().TrimEnd('\r');
                        }

                        line.Append((char)one[0]);
                    }

                    return line.Length > 0 ? line.ToString() : null;
                }
            }
            catch (Exception end) when (end is IOException or SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException or InvalidOperationException)
            {
                // The client went away, or the test is over.
            }
        }
    }
}
