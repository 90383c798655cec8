using System.CommandLine;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Cli.Signers;

/// <summary><c>signer add|list|test|answer</c>: references to signers, never keys.</summary>
internal static class SignerCommands
{
    private static readonly TypedSchema TestType = TypedSchema.Parse("SignerTest(string statement,address signer)");

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("signer", "references to signers; a key is never read into the workspace");
        command.Subcommands.Add(Add(options, environment));
        command.Subcommands.Add(List(options, environment));
        command.Subcommands.Add(Test(options, environment));
        command.Subcommands.Add(AnswerCommand.Build(options, environment));
        return command;
    }

    private static Command Add(CommonOptions options, CommandEnvironment environment)
    {
        var name = new Argument<string>("name") { Description = "the name that --signer takes", HelpName = "NAME" };
        var kind = new Option<string>("--kind") { Description = "keystore (a keystore v3 file), pkcs11 (a key in a hardware module), remote (a signer over JSON-RPC) or development (an account of a local network)", HelpName = "keystore|pkcs11|remote|development", Required = true };
        kind.AcceptOnlyFromAmong("keystore", "pkcs11", "remote", "development");
        var address = new Option<string?>("--address") { Description = "the address that it signs for; a development account's is known, and that of a key in a module is read from it when left out", HelpName = "ADDRESS" };
        var file = new Option<string?>("--file") { Description = "keystore: the file, outside the workspace", HelpName = "PATH" };
        var password = new Option<string?>("--password") { Description = "keystore: where its password is: env:NAME or file:PATH; never the password itself", HelpName = "env:NAME|file:PATH" };
        var url = new Option<string?>("--url") { Description = "remote: its URL", HelpName = "URL" };
        var dialect = new Option<string>("--dialect") { Description = "remote: clef or web3signer", HelpName = "clef|web3signer", DefaultValueFactory = _ => "web3signer" };
        dialect.AcceptOnlyFromAmong("clef", "web3signer");
        var index = new Option<int?>("--index") { Description = "development: the account's index", HelpName = "N" };
        var module = new Option<string?>("--module") { Description = "pkcs11: the path of the vendor's library", HelpName = "PATH" };
        var token = new Option<string?>("--token") { Description = "pkcs11: the token's label", HelpName = "LABEL" };
        var keyLabel = new Option<string?>("--key-label") { Description = "pkcs11: the key's label", HelpName = "LABEL" };
        var keyId = new Option<string?>("--key-id") { Description = "pkcs11: the key's id, as hex; with or instead of --key-label", HelpName = "HEX" };
        var pin = new Option<string?>("--pin") { Description = "pkcs11: where the user's PIN is: env:NAME or file:PATH; never the PIN itself", HelpName = "env:NAME|file:PATH" };
        var everywhere = new Option<bool>("--every-network") { Description = "write it to config/signers.json, for every network, and not to the network's own file" };
        var command = new Command("add", "write a reference to a signer to the workspace") { name, kind, address, file, password, module, token, keyLabel, keyId, pin, url, dialect, index, everywhere };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var reference = Reference(session, parsed.GetValue(name)!, parsed.GetValue(kind)!, parsed.GetValue(address), parsed.GetValue(file), parsed.GetValue(password), parsed.GetValue(url), parsed.GetValue(dialect)!, parsed.GetValue(index), new TokenOptions(parsed.GetValue(module), parsed.GetValue(token), parsed.GetValue(keyLabel), parsed.GetValue(keyId), parsed.GetValue(pin)));
            if (session.Signers.All.FirstOrDefault(signer => string.Equals(signer.Name, reference.Name, StringComparison.Ordinal)) is { } known)
            {
                throw new ControlException("signer-twice", ExitCode.Refused, $"There is a signer '{known.Name}' ({known.Address}) already.", "Choose another name, or edit its entry.");
            }

            var path = parsed.GetValue(everywhere) ? session.Workspace.SignersPath : session.Workspace.NetworkSignersPath(session.Network);
            var signers = JsonFile.TryRead(path, WorkspaceJson.Default.SignersFile, out var present) ? present.Signers : [];
            JsonFile.Write(path, new SignersFile { Version = 1, Signers = [.. signers, reference] }, WorkspaceJson.Default.SignersFile);
            session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
            session.Terminal.Line($"'{reference.Name}' ({reference.Address}) is on file in {path}; {(reference.Kind == SignerKind.Pkcs11 ? "the key stays in its module." : "no key was read.")}");
            session.Terminal.Line($"  next     agijobs signer test {reference.Name}");
            session.Terminal.Json("agijobs.signer-add/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("name", reference.Name);
                writer.WriteString("address", reference.Address.ToString());
                writer.WriteString("kind", KindOf(reference));
                writer.WriteString("file", path);
            });
            return Task.FromResult(ExitCode.Clean);
        });
        return command;
    }

    private static Command List(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("list", "list the signers and what each is on this network: duties, Safe owner, roles");
        Session.Run(command, options, environment, async (session, _, cancellation) =>
        {
            ProtocolState? state = null;
            var why = "";
            try
            {
                state = await session.ObserveAsync(cancellation).ConfigureAwait(false);
            }
            catch (EthereumException problem)
            {
                why = problem.Message;
            }

            var exit = state is null ? ExitCode.Unknown : ExitCode.Clean;
            var rows = session.Signers.All.Select(signer => (Signer: signer, Person: session.Policy?.People.Of(signer.Address), Is: state is null ? [] : On(state, signer.Address))).ToList();
            session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
            if (rows.Count == 0)
            {
                session.Terminal.Line($"No signer is on file. Add one: agijobs signer add NAME --kind keystore|pkcs11|remote|development");
            }
            else
            {
                session.Terminal.Table(["signer", "kind", "address", "person", "duties", "on the chain"], rows.Select(row => (IReadOnlyList<string>)[row.Signer.Name, KindOf(row.Signer), row.Signer.Address.ToString(), row.Person?.Name ?? "-", row.Person is { Duties.Count: > 0 } person ? person.Duties.Names(", ") : "-", state is null ? "UNKNOWN" : row.Is.Count == 0 ? "-" : string.Join(", ", row.Is)]));
            }

            if (state is null)
            {
                session.Terminal.Line($"UNKNOWN what they are on the chain: {why}");
            }

            session.Terminal.Json("agijobs.signer-list/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("unknown", state is null ? why : null);
                writer.WriteStartArray("signers");
                foreach (var (signer, person, roles) in rows)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", signer.Name);
                    writer.WriteString("kind", KindOf(signer));
                    writer.WriteString("address", signer.Address.ToString());
                    writer.WriteString("person", person?.Name);
                    Texts("duties", person?.Duties.Select(duty => duty.Name()) ?? []);
                    Texts("roles", roles);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();

                void Texts(string key, IEnumerable<string> texts)
                {
                    writer.WriteStartArray(key);
                    foreach (var text in texts)
                    {
                        writer.WriteStringValue(text);
                    }

                    writer.WriteEndArray();
                }
            });
            return exit;
        });
        return command;
    }

    private static Command Test(CommonOptions options, CommandEnvironment environment)
    {
        var name = new Argument<string>("name") { Description = "the signer", HelpName = "NAME" };
        var command = new Command("test", "have a signer sign a harmless statement and check that the signature is its own") { name };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var reference = session.Signers.Named([parsed.GetValue(name)!])[0];
            var chain = session.NetworkFile.ChainId;
            var statement = new TypedDocument(new TypedDomain { Name = "AGI Jobs signer test", Version = "1", ChainId = chain }, TestType, "This signature gives nobody any right.", reference.Address);
            session.Terminal.Progress($"network {session.Network}, chain {chain}: {reference.Name} ({reference.Address}) is asked to sign a harmless test statement, hash {statement.Digest}");
            using var opened = new OpenedSigner(SignerBook.Open(reference, chain));
            var signature = await opened.Signer.SignTypedDataAsync(statement, cancellation).ConfigureAwait(false);
            var recovered = Secp256k1.Recover(statement.Digest, signature);
            if (recovered != reference.Address)
            {
                throw new ControlException("signature-other-key", ExitCode.Mismatch, $"'{reference.Name}' signed with the key of {recovered}, not of {reference.Address}.", "Correct the reference before it is relied on.");
            }

            session.Terminal.Line($"network {session.Network}, chain {chain}");
            session.Terminal.Line($"'{reference.Name}' signs, and its signature is that of {reference.Address}.");
            session.Terminal.Json("agijobs.signer-test/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", chain.Value);
                writer.WriteString("name", reference.Name);
                writer.WriteString("address", reference.Address.ToString());
                writer.WriteString("digest", statement.Digest.ToString());
            });
            return ExitCode.Clean;
        });
        return command;
    }

    private static SignerReference Reference(Session session, string name, string kind, string? address, string? file, string? password, string? url, string dialect, int? index, TokenOptions token)
    {
        if (name.Length is 0 or > 60 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')))
        {
            throw new ControlException("signer-name", ExitCode.BadInput, $"'{name}' is no name for a signer.", "Use 1 to 60 letters, digits, '-', '_' and '.'.");
        }

        // What has no place in this kind of reference would be left out in silence.
        RefuseStray(kind, [("--file", file, "keystore"), ("--password", password, "keystore"), ("--url", url, "remote"), ("--module", token.Module, "pkcs11"), ("--token", token.Token, "pkcs11"), ("--key-label", token.KeyLabel, "pkcs11"), ("--key-id", token.KeyId, "pkcs11"), ("--pin", token.Pin, "pkcs11"), ("--index", index?.ToString(System.Globalization.CultureInfo.InvariantCulture), "development")]);
        switch (kind)
        {
            case "development":
                var at = index ?? throw Needed("--index");
                var own = new DevelopmentKeys(session.NetworkFile.ChainId).Signer(at).Address;
                return address is null || Address.Parse(address) == own
                    ? new SignerReference { Name = name, Kind = SignerKind.Development, Address = own, Index = at }
                    : throw new ControlException("signer-other-key", ExitCode.Mismatch, $"The development account {at} is {own}, not {address}.", "Leave --address out.");
            case "keystore":
                var path = session.PathOf(file ?? throw Needed("--file"));
                if (!File.Exists(path))
                {
                    throw new ControlException("file-missing", ExitCode.BadInput, $"{path} does not exist.", "Give the path of the keystore file.");
                }

                if (path.StartsWith(session.Workspace.Root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                {
                    throw new ControlException("signer-in-workspace", ExitCode.Refused, $"{path} lies in the workspace, and keys never enter it.", "Move the keystore to a folder of your own outside it.");
                }

                return new SignerReference { Name = name, Kind = SignerKind.Keystore, Address = Address.Parse(address ?? throw Needed("--address")), File = path, Password = SecretOf(password ?? throw Needed("--password"), "--password") };
            case "pkcs11":
                var library = session.PathOf(token.Module ?? throw Needed("--module"));
                if (!File.Exists(library))
                {
                    throw new ControlException("file-missing", ExitCode.BadInput, $"{library} does not exist.", "Give the path of the vendor's PKCS#11 library.");
                }

                var held = new SignerReference
                {
                    Name = name,
                    Kind = SignerKind.Pkcs11,
                    Address = address is null ? Address.Zero : Address.Parse(address),
                    Module = library,
                    Token = token.Token ?? throw Needed("--token"),
                    KeyLabel = token.KeyLabel ?? (token.KeyId is null ? throw Needed("--key-label or --key-id") : null),
                    KeyId = token.KeyId is null ? null : Hex.Decode(token.KeyId.StartsWith("0x", StringComparison.Ordinal) ? token.KeyId : "0x" + token.KeyId),
                    Pin = SecretOf(token.Pin ?? throw Needed("--pin"), "--pin"),
                };
                if (address is not null)
                {
                    return held;
                }

                using (var opened = new Pkcs11Signer(SignerBook.KeyOf(held), held.Pin.Reveal()))
                {
                    return held with { Address = opened.Address };
                }

            default:
                var remote = url ?? throw Needed("--url");
                if (!Uri.TryCreate(remote, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https"))
                {
                    throw new ControlException("signer-format", ExitCode.BadInput, "--url is not a URL of a remote signer.", "Write http:// or https:// and the host.");
                }

                return parsed.UserInfo.Length > 0
                    ? throw new ControlException("secret-literal", ExitCode.Refused, "--url holds a user name or a password, and a secret never enters the workspace.", "Leave it out of the URL.")
                    : new SignerReference { Name = name, Kind = dialect is "clef" ? SignerKind.Clef : SignerKind.Web3signer, Address = Address.Parse(address ?? throw Needed("--address")), Url = remote };
        }

        ControlException Needed(string option) => new("signer-format", ExitCode.BadInput, $"A signer of kind {kind} needs {option}.", "Add it.");

        static void RefuseStray(string kind, IEnumerable<(string Option, string? Value, string Kind)> options)
        {
            foreach (var (option, _, owner) in options.Where(option => option.Value is not null && !string.Equals(option.Kind, kind, StringComparison.Ordinal)))
            {
                throw new ControlException("signer-format", ExitCode.BadInput, $"{option} belongs to signers of kind {owner}, and this one is of kind {kind}.", "Leave it out, or choose that kind.");
            }
        }
    }

    private static Secret SecretOf(string text, string option) =>
        text.StartsWith("env:", StringComparison.Ordinal) && text.Length > 4 ? new Secret { Env = text[4..] }
        : text.StartsWith("file:", StringComparison.Ordinal) && text.Length > 5 ? new Secret { File = text[5..] }
        : throw new ControlException("secret-literal", ExitCode.Refused, $"{option} takes where the secret is, not the secret itself; it was not written anywhere.", "Write env:NAME or file:PATH. What was typed may stand in the shell's history: change it.");

    // What a reference to a key in a module is made of.
    private sealed record TokenOptions(string? Module, string? Token, string? KeyLabel, string? KeyId, string? Pin);

    private static string KindOf(SignerReference reference) => reference.Kind.ToString().ToLowerInvariant();

    private static List<string> On(ProtocolState state, Address address)
    {
        var found = state.Roles.Where(role => role.Value.TryGet(out var holders) && holders.Contains(address)).Select(role => role.Key).Order(StringComparer.Ordinal).ToList();
        found.AddRange(state.Accounts.Where(account => account.Value.TryGet(out var known) && known is SafeAccountState safe && safe.Owners.Contains(address)).Select(account => $"owner of the Safe {account.Key}").Order(StringComparer.Ordinal));
        return found;
    }
}
