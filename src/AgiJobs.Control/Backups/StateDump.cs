using System.Text.Json;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Backups;

/// <summary>What a protocol was at one block, as canonical JSON: everything that was observed, and for what could not be read the reason.</summary>
/// <param name="Content">The bytes.</param>
/// <param name="Block">The block's height.</param>
/// <param name="BlockHash">The block.</param>
/// <param name="Unknown">How many readings are unknown.</param>
public sealed record StateDump(byte[] Content, BlockNumber Block, Bytes32 BlockHash, int Unknown)
{
    /// <summary>Writes a state.</summary>
    public static StateDump Of(string network, ProtocolState state)
    {
        var unknown = 0;
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", "agijobs.state/1");
            writer.WriteString("network", network);
            writer.WriteNumber("chainId", state.ChainId.Value);
            writer.WriteString("protocol", state.Protocol.Name);
            writer.WriteNumber("block", state.Block.Value);
            writer.WriteString("blockHash", state.BlockHash.ToString());
            Modules(writer, state, ref unknown);
            Map(writer, "roles", state.Roles, name => name, (to, holders) => Addresses(to, holders), ref unknown);
            Map(writer, "parameters", state.Parameters, name => name, (_, _) => { }, ref unknown, (name, value) => state.Protocol.Modules.SelectMany(module => module.Parameters).First(parameter => string.Equals(parameter.FullName, name, StringComparison.Ordinal)).Unit.Format(value));
            Map(writer, "links", state.Links, name => name, (_, _) => { }, ref unknown, (_, target) => target.ToString());
            Map(writer, "accounts", state.Accounts, address => address.ToString(), Account, ref unknown);
            Map(writer, "balances", state.Balances, address => address.ToString(), (_, _) => { }, ref unknown, (_, balance) => $"{balance.Value} wei");
            writer.WriteEndObject();
        }

        return new StateDump(CanonicalJson.Encode(buffer.ToArray()), state.Block, state.BlockHash, unknown);
    }

    private static void Modules(Utf8JsonWriter writer, ProtocolState state, ref int unknown)
    {
        writer.WriteStartObject("modules");
        foreach (var (name, module) in state.Modules)
        {
            writer.WriteStartObject(name);
            writer.WriteString("address", module.Module.Address.ToString());
            Value(writer, "codeHash", module.CodeHash, hash => hash.ToString(), ref unknown);
            if (module.Paused is { } paused)
            {
                Value(writer, "paused", paused, value => value ? "true" : "false", ref unknown);
            }

            if (module.Proxy is { } proxy)
            {
                Value(writer, "proxy", proxy, slots => slots.IsProxy ? $"implementation {slots.Implementation?.ToString() ?? "none"}, admin {slots.Admin?.ToString() ?? "none"}, beacon {slots.Beacon?.ToString() ?? "none"}" : "none", ref unknown);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void Map<TKey, TValue>(Utf8JsonWriter writer, string name, IReadOnlyDictionary<TKey, Reading<TValue>> readings, Func<TKey, string> key, Action<Utf8JsonWriter, TValue> write, ref int unknown, Func<TKey, TValue, string>? text = null)
        where TKey : notnull
    {
        writer.WriteStartObject(name);
        foreach (var (subject, reading) in readings)
        {
            if (!reading.TryGet(out var value))
            {
                Missing(writer, key(subject), reading.Why!, ref unknown);
            }
            else if (text is not null)
            {
                writer.WriteString(key(subject), text(subject, value));
            }
            else
            {
                writer.WritePropertyName(key(subject));
                write(writer, value);
            }
        }

        writer.WriteEndObject();
    }

    private static void Account(Utf8JsonWriter writer, AccountState account)
    {
        writer.WriteStartObject();
        switch (account)
        {
            case KeyAccount key:
                writer.WriteString("kind", "key");
                writer.WriteBoolean("delegated", key.IsDelegated);
                break;
            case SafeAccountState safe:
                writer.WriteString("kind", "safe");
                writer.WriteString("version", safe.Version);
                writer.WritePropertyName("owners");
                Addresses(writer, safe.Owners);
                writer.WriteNumber("threshold", safe.Threshold);
                writer.WriteString("nonce", safe.Nonce.ToString(System.Globalization.CultureInfo.InvariantCulture));
                if (safe.Extensions.TryGet(out var extensions))
                {
                    writer.WritePropertyName("modules");
                    Addresses(writer, extensions.Modules);
                    writer.WriteString("guard", extensions.Guard?.ToString());
                    writer.WriteString("moduleGuard", extensions.ModuleGuard?.ToString());
                    writer.WriteString("fallbackHandler", extensions.FallbackHandler?.ToString());
                    writer.WriteString("singleton", extensions.Singleton?.ToString());
                }
                else
                {
                    writer.WriteString("extensions", $"unknown: {safe.Extensions.Why}");
                }

                break;
            case TimelockState timelock:
                writer.WriteString("kind", "timelock");
                writer.WriteString("delay", $"{timelock.DelaySeconds} seconds");
                writer.WritePropertyName("proposers");
                Addresses(writer, timelock.Proposers);
                writer.WritePropertyName("executors");
                Addresses(writer, timelock.Executors);
                writer.WriteBoolean("open", timelock.IsOpen);
                break;
            default:
                writer.WriteString("kind", "contract");
                break;
        }

        writer.WriteEndObject();
    }

    private static void Value<T>(Utf8JsonWriter writer, string name, Reading<T> reading, Func<T, string> text, ref int unknown)
    {
        if (reading.TryGet(out var value))
        {
            writer.WriteString(name, text(value));
        }
        else
        {
            Missing(writer, name, reading.Why!, ref unknown);
        }
    }

    private static void Missing(Utf8JsonWriter writer, string name, string why, ref int unknown)
    {
        unknown++;
        writer.WriteStartObject(name);
        writer.WriteString("unknown", why);
        writer.WriteEndObject();
    }

    private static void Addresses(Utf8JsonWriter writer, IReadOnlyList<Address> addresses)
    {
        writer.WriteStartArray();
        foreach (var address in addresses)
        {
            writer.WriteStringValue(address.ToString());
        }

        writer.WriteEndArray();
    }
}
