// Package names holds the project's glossary: names that are not declared, and the terms that are used instead.
package names

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the repository, seen from here, and folders are those whose declarations are checked.
const root = "../../.."

var folders = []string{"cmd", "internal", "hack"}

// glossary has one term a line: names that are replaced, the term that is used and, for names that are right elsewhere, the
// folders in which they are not.
const glossary = `
seenRule -> rule metadata
mark, digest -> spec hash
insight, known -> prometheusState
hindsight -> backtestStatus
ownWrites -> expectations
decided -> lastApplied
subject, Subject, tested -> trackedThreshold
gather -> fetch
carryOut -> apply
record -> setStatus
announce -> recordEvents
look -> Get
last -> Last
forget -> Delete
lookAgain -> requeueAfter
live -> apiReader
pending -> requeuer, or event source; in internal/controller internal/manager
guard -> authFilter, or auth; in internal/controller internal/manager internal/assistant
census -> thresholdCollector
class -> label values
isLeaving -> isTerminating
madeFor -> ownerNamed
madeFrom -> sourceGeneration
withdrawn -> inactiveReason
superseders -> overrides
takesPlace -> isEffectiveOverride
recess, pause -> throttle
begun -> inProgress
tell -> recordEvent
first -> prioritizeStale
overdue -> isStale
retryFirst -> baseDelay
retryLast -> maxDelay
held -> loaded
want -> expected
found -> match
standing -> activeAlert
place -> seriesKey
stands -> levelState
seed -> restore
Verdict -> condition
judge -> evaluate
gravity -> severityRank
worthTelling -> shouldPublish
movedMuch -> significantChange
room -> headroom
settling -> warmingUp
missing -> absentSince
Survey, survey -> sweep
waterline -> max firing value
feed -> ingester
span -> segment
fed -> ingested
turned -> negated
facing -> oriented
burn -> keep firing
quiet -> maxFires bound
rare -> maxShare bound
floor -> min level
Beyond -> FilterExpr
hold -> forSteps
keep -> keepFiringSteps
wait -> forDuration
confine -> enforceNamespace
useless -> checkRange
must -> hint
Past, past, adviser, forecaster -> backtestAdvisor
patience -> timeout
atOnce -> maxConcurrent
looks -> samples
secret -> certStore
authority -> ca
pair -> servingCert
away -> isUnavailable
untilAnswered -> retryUntilReachable
Starting -> capRetryAfter
chain -> diagnose
Link -> Check
Idle -> NotApplicable
Whole -> Healthy
Mistake -> Diagnostic
theAPIServer -> schemaValidator
refusal -> result
exchange -> responseRecorder
note -> recordError
fail -> writeError
describe -> toHTTPError
rescue -> recoverPanic
Tolerant -> degraded store
Account -> settleUsage
book -> addCost
spend -> addTokens
hear -> timeFirstToken
errNo -> errCheckFailed
exitNo, exitTrouble -> 1 and 2
ask -> fetch
bare -> trimKind
moment -> formatTime
envelope -> worstSeries
sayLeftOut -> warnSkipped
torn -> partial write
calm -> quiet period
tally -> counter
timing -> histogram
rig -> harness
weather -> faultSpec
quarrel -> conflict
flaw -> violation
some, brief -> counts with names
Total -> Count; in internal/metric
Line, Lines, line, lines -> Level, or value for a number; in internal/rules internal/backtest internal/observe internal/diagnose internal/controller internal/webhook
`

// allowed are names that are the field's own where they are declared, and why.
var allowed = map[string]string{
	"hack/build digest":    "an image's digest, as OCI has it",
	"hack/test/soak first": "the first value of a trend",
	"hack/test/soak last":  "the last value of a trend",
}

// term replaces a name.
type term struct {
	is string
	// in are the folders of the term; empty for everywhere.
	in []string
}

func (t term) covers(folder string) bool {
	return len(t.in) == 0 || slices.ContainsFunc(t.in, func(in string) bool { return folder == in || strings.HasPrefix(folder, in+"/") })
}

// terms parses the glossary.
func terms() map[string]term {
	all := map[string]term{}
	for _, row := range strings.Split(strings.TrimSpace(glossary), "\n") {
		was, is, _ := strings.Cut(row, " -> ")
		is, in, _ := strings.Cut(is, "; in ")
		for _, name := range strings.Split(was, ", ") {
			all[name] = term{is, strings.Fields(in)}
		}
	}
	return all
}

// TestGlossary checks that no package-level name, method or field is declared that the glossary replaces.
func TestGlossary(t *testing.T) {
	replaced, used := terms(), map[string]bool{}
	checked := 0
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(file string, entry fs.DirEntry, err error) error {
			name := entry.Name()
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (name == "testdata" || name == "bin" || name == ".state"):
				return fs.SkipDir
			case filepath.Ext(name) != ".go", strings.HasSuffix(name, "_test.go"), strings.HasPrefix(name, "zz_generated"):
				return nil
			}
			dir, err := filepath.Rel(root, filepath.Dir(file))
			if err != nil {
				return err
			}
			dir = filepath.ToSlash(dir)
			files := token.NewFileSet()
			parsed, err := parser.ParseFile(files, file, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, ident := range declared(parsed) {
				checked++
				term, ok := replaced[ident.Name]
				place := dir + " " + ident.Name
				switch {
				case !ok || !term.covers(dir):
				case allowed[place] != "":
					used[place] = true
				default:
					t.Errorf("%s:%d: %s: write %s", path.Join(dir, name), files.Position(ident.Pos()).Line, ident.Name, term.is)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if checked < 1000 {
		t.Errorf("only %d declarations were found under %v", checked, folders)
	}
	for place := range allowed {
		if !used[place] {
			t.Errorf("allowed has %q, which is not declared any more: remove it", place)
		}
	}
}

// declared returns the package-level names, methods and fields that a file declares.
func declared(file *ast.File) []*ast.Ident {
	var names []*ast.Ident
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			names = append(names, decl.Name)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					names = append(names, spec.Names...)
				case *ast.TypeSpec:
					names = append(names, spec.Name)
					names = append(names, members(spec.Type)...)
				}
			}
		}
	}
	return names
}

// members returns the fields of structs, and the methods of interfaces, that a type consists of.
func members(of ast.Expr) []*ast.Ident {
	var names []*ast.Ident
	ast.Inspect(of, func(node ast.Node) bool {
		var list *ast.FieldList
		switch node := node.(type) {
		case *ast.StructType:
			list = node.Fields
		case *ast.InterfaceType:
			list = node.Methods
		default:
			return true
		}
		for _, field := range list.List {
			names = append(names, field.Names...)
		}
		return true
	})
	return names
}

// TestDeclared checks what counts as declared: no local names, parameters or imports.
func TestDeclared(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "a.go", `package a

import local "fmt"

const one, two = 1, 2

var three = 3

type four struct {
	five, six int
	local.Stringer
	seven map[string]struct{ eight int }
}

type nine interface{ ten(local int) (local2 int) }

func (local four) eleven(local2 int) { local3 := 1; type local4 struct{ local5 int }; _ = local3 }
`, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ident := range declared(file) {
		got = append(got, ident.Name)
	}
	if want := strings.Fields("one two three four five six seven eight nine ten eleven"); !slices.Equal(got, want) {
		t.Errorf("declared = %v, want %v", got, want)
	}
}

// TestTerms checks that the glossary is read with its folders.
func TestTerms(t *testing.T) {
	all := terms()
	if got := all["Subject"]; got.is != "trackedThreshold" || !got.covers("hack") {
		t.Errorf("Subject = %+v, want trackedThreshold everywhere", got)
	}
	got := all["Total"]
	if got.is != "Count" || !got.covers("internal/metric") || got.covers("internal/metrics") || got.covers("internal") {
		t.Errorf("Total = %+v, want Count in internal/metric", got)
	}
}
