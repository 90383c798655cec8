using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Server.Hosting;
using AgiJobs.Storage;
using AgiJobs.Testing.Networks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AgiJobs.Bench;

/// <summary>
/// Signed requests to the gateway, with its limits, its nonces in a file that is flushed, and the rounds read from a chain, against an endpoint of the same web server that recovers the signer and nothing
/// else. Both sides' requests are signed and sent by this process, by sixteen at once.
/// </summary>
internal static class GatewayCases
{
    private const int Requests = 400;
    private const int AtOnce = 16;

    public static IEnumerable<BenchCase> All()
    {
        var side = new Lazy<Side>(() => Wait(Side.StartAsync()));
        yield return new BenchCase(string.Create(CultureInfo.InvariantCulture, $"gateway, {Requests} signed requests by {AtOnce} at once"), () => Wait(side.Value.SendAsync(side.Value.Gateway)), () => "")
        {
            Baseline = "Kestrel that recovers the signer and nothing else",
            Rival = () => Wait(side.Value.SendAsync(side.Value.Bare)),
            CountsWallTime = true,
        };
    }

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private sealed class Side
    {
        private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = AtOnce });
        private readonly ISigner[] _signers;
        private readonly Address _arena;

        private Side(Uri gateway, Uri bare, ISigner[] signers, Address arena)
        {
            (Gateway, Bare) = (gateway, bare);
            (_signers, _arena) = (signers, arena);
        }

        public Uri Gateway { get; }

        public Uri Bare { get; }

        public static async Task<Side> StartAsync()
        {
            var network = CommandCases.TheNetwork;
            var folder = Directory.CreateTempSubdirectory("agijobs-bench-gateway-").FullName;
            var arena = new ArenaContract(network.Client, network.Protocol).Address;
            var host = await ServerHost.StartAsync(new ServerOptions
            {
                Network = TestNetwork.Network,
                Roles = ServerRole.Gateway,
                Listen = new IPEndPoint(IPAddress.Loopback, 0),
                Protocol = network.Protocol,
                Settings = ServiceSettings.Of(new ServicesFile { Version = 1 }, network.Protocol),
                OpenStore = cancellation => StateStore.OpenAsync(StateLocation.File(Path.Combine(folder, "state.db")), TimeProvider.System, cancellation),
                Connect = cancellation => EthereumClient.ConnectAsync(RpcOptions.For(network.Url), ChainId.Local, TimeProvider.System, cancellation),
                Review = _ => new NoReview(),
                AgentLimit = new RateLimit(1_000_000, 1_000_000),
                UnsignedLimit = new RateLimit(1_000_000, 1_000_000),
                Log = TextWriter.Null,
                Time = TimeProvider.System,
            });
            var bare = await BareAsync(arena);
            AppDomain.CurrentDomain.ProcessExit += (_, _) =>
            {
                host.DisposeAsync().AsTask().GetAwaiter().GetResult();
                bare.DisposeAsync().AsTask().GetAwaiter().GetResult();
                Directory.Delete(folder, recursive: true);
            };
            var address = new Uri(bare.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
            return new Side(host.Address, address, [.. Enumerable.Range(1, 3).Select(number => network.Accounts[$"agent-{number}"])], arena);
        }

        public async Task<int> SendAsync(Uri to)
        {
            var next = 0;
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
            {
                for (int number; (number = Interlocked.Increment(ref next)) <= Requests;)
                {
                    using var request = await SignedAsync(to, _signers[number % _signers.Length]);
                    using var response = await Http.SendAsync(request);
                    if (response.StatusCode != HttpStatusCode.OK)
                    {
                        throw new InvalidOperationException($"{to} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
                    }
                }
            }));
            return next;
        }

        private async Task<HttpRequestMessage> SignedAsync(Uri to, ISigner signer)
        {
            const string path = "/v1/rounds";
            var statement = new GatewayStatement(ChainId.Local, _arena, "GET", path, GatewayStatement.Digest([]), DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), signer.Address);
            var request = new HttpRequestMessage(HttpMethod.Get, new Uri(to, path));
            request.Headers.Add(GatewayStatement.AddressHeader, signer.Address.ToString());
            request.Headers.Add(GatewayStatement.TimestampHeader, statement.Timestamp.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
            request.Headers.Add(GatewayStatement.NonceHeader, statement.Nonce);
            request.Headers.Add(GatewayStatement.SignatureHeader, (await signer.SignMessageAsync(Encoding.UTF8.GetBytes(statement.ToString()), CancellationToken.None)).ToString());
            return request;
        }

        private static async Task<WebApplication> BareAsync(Address arena)
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            var app = builder.Build();
            app.Run(context =>
            {
                var headers = context.Request.Headers;
                var claimed = Address.Parse(headers[GatewayStatement.AddressHeader].ToString());
                var statement = new GatewayStatement(
                    ChainId.Local,
                    arena,
                    context.Request.Method,
                    context.Request.Path,
                    GatewayStatement.Digest([]),
                    DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(headers[GatewayStatement.TimestampHeader].ToString(), CultureInfo.InvariantCulture)),
                    headers[GatewayStatement.NonceHeader].ToString(),
                    claimed);
                context.Response.StatusCode = Secp256k1.Recover(PersonalMessage.Hash(statement.ToString()), Signature.FromBytes(Hex.Decode(headers[GatewayStatement.SignatureHeader].ToString()))) == claimed ? 200 : 401;
                return context.Response.WriteAsync("{}", context.RequestAborted);
            });
            await app.StartAsync(CancellationToken.None);
            return app;
        }
    }

    private sealed class NoReview : IContentReview
    {
        public Task<ReviewOutcome> ReviewAsync(ContentToReview content, CancellationToken cancellation) => Task.FromResult(new ReviewOutcome(ReviewVerdict.Allow));
    }
}
