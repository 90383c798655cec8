using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AgiJobs.Server.Tests.Observation;

/// <summary>What came in one request to a collector.</summary>
/// <param name="Path">Where.</param>
/// <param name="ContentType">As what.</param>
/// <param name="Key">The header <c>x-key</c>.</param>
/// <param name="Message">The message.</param>
internal sealed record Exported(string Path, string? ContentType, string? Key, Wire Message);

/// <summary>A collector that takes OTLP over HTTP and reads it by the wire format of Protocol Buffers alone. Source: opentelemetry-proto 1.x, the field numbers of the collector's trace and metrics services.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtlpReceiver(WebApplication app) => _app = app;

    public ConcurrentQueue<Exported> Received { get; } = [];

    public Uri Address { get; private set; } = null!;

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var receiver = new OtlpReceiver(builder.Build());
        receiver._app.Run(receiver.TakeAsync);
        await receiver._app.StartAsync();
        receiver.Address = new Uri(receiver._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        Received.Enqueue(new Exported(context.Request.Path, context.Request.ContentType, context.Request.Headers["x-key"], Wire.Read(body.ToArray())));
        context.Response.ContentType = "application/x-protobuf";
    }
}

/// <summary>A message of Protocol Buffers: its fields by number, unread.</summary>
internal sealed class Wire
{
    private readonly List<(int Field, byte[] Bytes)> _fields = [];

    /// <summary>Reads a message; fails on what is none.</summary>
    public static Wire Read(byte[] bytes)
    {
        var (wire, at) = (new Wire(), 0);
        while (at < bytes.Length)
        {
            var tag = Varint();
            var kind = (int)(tag & 7);
            var length = kind switch { 1 => 8, 2 => checked((int)Varint()), 5 => 4, 0 => 0, _ => throw new InvalidDataException($"There is no wire type {kind}.") };
            var value = kind == 0 ? BitConverter.GetBytes(Varint()) : bytes.AsSpan(at, length).ToArray();
            at += length;
            wire._fields.Add(((int)(tag >> 3), value));
        }

        return wire;

        ulong Varint()
        {
            var (value, shift) = (0UL, 0);
            while (true)
            {
                var next = bytes[at++];
                value |= (ulong)(next & 0x7f) << shift;
                if (next < 0x80)
                {
                    return value;
                }

                shift += 7;
            }
        }
    }

    public IEnumerable<Wire> All(params int[] path) => path is [var last] ? _fields.Where(field => field.Field == last).Select(field => Read(field.Bytes)) : All(path[0]).SelectMany(inner => inner.All(path[1..]));

    public byte[]? Bytes(int field) => _fields.Where(one => one.Field == field).Select(one => one.Bytes).FirstOrDefault();

    public string Text(int field) => Encoding.UTF8.GetString(Bytes(field) ?? []);

    public ulong Number(int field) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(field));

    /// <summary>Attributes of a field: pairs of a key and a text or number.</summary>
    public IReadOnlyDictionary<string, string> Attributes(int field) =>
        All(field).ToDictionary(pair => pair.Text(1), pair => pair.All(2).Single() is var value && value.Bytes(1) is not null ? value.Text(1) : value.Bytes(3) is not null ? $"{value.Number(3)}" : "", StringComparer.Ordinal);
}
