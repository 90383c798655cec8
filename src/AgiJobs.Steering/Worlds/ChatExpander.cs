using System.Buffers;
using System.Numerics;
using System.Text;
using System.Text.Json;
using AgiJobs.Control.Workspaces;
using AgiJobs.Hgm.Ledger;

namespace AgiJobs.Steering.Worlds;

/// <summary>
/// A chat endpoint in the manner of OpenAI that makes children: it gets the instruction and the parent, and the last block of code of its answer is the child. What it cost follows from the tokens that it says it
/// used and the prices of the definition, exactly; where it says nothing, from the reservation. Safe for use by several threads.
/// </summary>
internal sealed class ChatExpander(HgmChat definition, string instruction, TimeProvider time) : IExchange
{
    private readonly JsonEndpoint _endpoint = new(definition.Endpoint, time, "/v1/chat/completions");

    /// <inheritdoc/>
    public async Task<ExternalReply> AskAsync(ExternalRequest request, CancellationToken cancellation)
    {
        var reply = await _endpoint.PostAsync(Prompt(request), cancellation).ConfigureAwait(false);
        if (reply.Json is not { } json)
        {
            return reply;
        }

        if (!StrictObject.TryParse(json, out var document, out var fault))
        {
            return ExternalReply.Failed($"the answer cannot be read: {fault}");
        }

        using var closing = document;
        var cost = CostOf(document.RootElement, out fault);
        if (fault is not null)
        {
            return ExternalReply.Failed(fault);
        }

        if (!TryContent(document.RootElement, out var content, out var finish))
        {
            return ExternalReply.Failed("the answer is no completion of a chat", cost);
        }

        if (finish is "length")
        {
            return ExternalReply.Failed("the answer was cut off at its most tokens", cost);
        }

        return CodeOf(content) is { } code ? new ExternalReply(null, null, code, cost) : ExternalReply.Failed("the answer has no block of code", cost);
    }

    /// <summary>The last closed block of code, without its fences; null when there is none.</summary>
    internal static string? CodeOf(string content)
    {
        string? last = null;
        StringBuilder? open = null;
        var fence = 0;
        foreach (var line in content.Split('\n'))
        {
            var bare = line.TrimEnd('\r', ' ', '\t');
            var ticks = bare.Length - bare.TrimStart('`').Length;
            if (open is null)
            {
                if (ticks >= 3 && bare.IndexOf('`', ticks) < 0)
                {
                    (open, fence) = (new StringBuilder(), ticks);
                }
            }
            else if (ticks >= fence && ticks == bare.Length)
            {
                (last, open) = (open.ToString().TrimEnd('\n'), null);
            }
            else
            {
                open.Append(line.TrimEnd('\r')).Append('\n');
            }
        }

        return last is { Length: > 0 } ? last : null;
    }

    private byte[] Prompt(ExternalRequest request)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("model", definition.Model);
            writer.WriteNumber("max_tokens", definition.MostTokens!.Value);

            // What every reader of JSON keeps exactly.
            writer.WriteNumber("seed", (long)(request.Seed & 0x7fff_ffff));
            writer.WriteStartArray("messages");
            Message(writer, "system", instruction);
            Message(writer, "user", $"The agent:\n\n{Fenced(request.Artifact ?? "")}\n{(request.Mate is null ? "" : $"\nAnother agent, of which you may take parts:\n\n{Fenced(request.Mate)}\n")}\nAnswer with the whole changed agent in one block of code.");
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    // An agent that has fences in it does not end its own.
    private static string Fenced(string text)
    {
        var (longest, run) = (2, 0);
        foreach (var character in text)
        {
            run = character == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        var fence = new string('`', longest + 1);
        return $"{fence}\n{text}\n{fence}";
    }

    private static void Message(Utf8JsonWriter writer, string role, string content)
    {
        writer.WriteStartObject();
        writer.WriteString("role", role);
        writer.WriteString("content", content);
        writer.WriteEndObject();
    }

    private static bool TryContent(JsonElement answer, out string content, out string? finish)
    {
        (content, finish) = ("", null);
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0
            || choices[0].ValueKind != JsonValueKind.Object || !choices[0].TryGetProperty("message", out var message) || message.ValueKind != JsonValueKind.Object
            || !message.TryGetProperty("content", out var text) || text.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        finish = choices[0].TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String ? reason.GetString() : null;
        try
        {
            content = text.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair is JSON and no text.
            return false;
        }
    }

    // Nothing where the endpoint does not say what it used. Rounded up to 10^-18.
    private Amount? CostOf(JsonElement answer, out string? fault)
    {
        fault = null;
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("usage", out var usage) || usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (!usage.TryGetProperty("prompt_tokens", out var prompt) || !usage.TryGetProperty("completion_tokens", out var completion)
            || prompt.ValueKind != JsonValueKind.Number || completion.ValueKind != JsonValueKind.Number
            || !prompt.TryGetInt64(out var asked) || !completion.TryGetInt64(out var answered) || asked < 0 || answered < 0)
        {
            fault = "what it says it used are no numbers of tokens";
            return null;
        }

        var atoms = ((BigInteger)Amount.Parse(definition.PromptPrice).Atoms * asked) + ((BigInteger)Amount.Parse(definition.AnswerPrice).Atoms * answered);
        var rounded = (atoms + 999_999) / 1_000_000;
        if (rounded > (BigInteger)Amount.Most.Atoms)
        {
            fault = "what it says it used costs more than any operation may";
            return null;
        }

        return Amount.OfAtoms((Int128)rounded);
    }
}
