using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace AgiJobs.Hgm.Laws;

/// <summary>What the thermostat remembers from sample to sample. Kept with each adjustment, it survives a restart: window, cooldown and the last sample's time go on where they were.</summary>
/// <param name="Alpha">α in force.</param>
/// <param name="Prior">The prior in force.</param>
public sealed record ThermostatState(decimal Alpha, decimal Prior)
{
    /// <summary>The samples in the window, the oldest first.</summary>
    public ImmutableArray<decimal> Window { get; init; } = [];

    /// <summary>How many samples are still let pass.</summary>
    public int Cooldown { get; init; }

    /// <summary>When the last accepted sample was taken; nothing when it did not say, or there was none.</summary>
    public DateTimeOffset? LastAt { get; init; }

    /// <summary>How many samples were accepted.</summary>
    public long Accepted { get; init; }

    /// <summary>Writes the state as one JSON object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("alpha", Text(Alpha));
        writer.WriteString("prior", Text(Prior));
        writer.WriteStartArray("window");
        foreach (var roi in Window)
            writer.WriteStringValue(Text(roi));
        writer.WriteEndArray();
        writer.WriteNumber("cooldown", Cooldown);
        if (LastAt is { } at)
            writer.WriteString("lastAt", at.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture));
        writer.WriteNumber("accepted", Accepted);
        writer.WriteEndObject();
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote.</summary>
    /// <exception cref="HgmException"><c>bad-thermostat-state</c>.</exception>
    public static ThermostatState Read(JsonElement json)
    {
        try
        {
            return new ThermostatState(Number(json.GetProperty("alpha")), Number(json.GetProperty("prior")))
            {
                Window = [.. json.GetProperty("window").EnumerateArray().Select(Number)],
                Cooldown = json.GetProperty("cooldown").GetInt32(),
                LastAt = json.TryGetProperty("lastAt", out var at) ? at.GetDateTimeOffset() : null,
                Accepted = json.GetProperty("accepted").GetInt64(),
            };
        }
        catch (Exception fault) when (fault is KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new HgmException("bad-thermostat-state", $"This is no state of the thermostat: {fault.Message}", "Restore it, or start with an empty window.");
        }
    }

    private static string Text(decimal value) => value.ToString(CultureInfo.InvariantCulture);

    private static decimal Number(JsonElement json) => decimal.Parse(json.GetString() ?? "", NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}
